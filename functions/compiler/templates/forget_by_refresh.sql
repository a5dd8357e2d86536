SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_forget_by_refresh()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
PERFORM "{refresh}"(
    ARRAY(SELECT e.tenant_id FROM "{events}" AS e), ARRAY(SELECT "{key}" FROM "{events}" AS e)
);
END
$$;

COMMENT ON FUNCTION projection.template_forget_by_refresh() IS
'Template: what is done when keys were taken out, where more than the column changes: see projection.forget_text().';

REVOKE ALL ON FUNCTION projection.template_forget_by_refresh() FROM public;
