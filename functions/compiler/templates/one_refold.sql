SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_refold()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
PERFORM "{refresh}"(ARRAY["{tenant_id}"], ARRAY["{key_value}"]);
END
$$;

COMMENT ON FUNCTION projection.template_one_refold() IS
'Template: a row that should be there and is not is folded from its sources: see projection.one_update_text().';

REVOKE ALL ON FUNCTION projection.template_one_refold() FROM public;
