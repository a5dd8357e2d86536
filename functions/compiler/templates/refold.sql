SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_refold()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- What was added can be taken back; that a value is the lowest or highest, or that there is a row at all, cannot.
IF v_keys IS NOT NULL THEN
    PERFORM "{refresh}"(v_tenant_ids, v_keys);
END IF;
END
$$;

COMMENT ON FUNCTION projection.template_refold() IS
'Template: folds rows anew of which something was taken away: see projection.add_text().';

REVOKE ALL ON FUNCTION projection.template_refold() FROM public;
