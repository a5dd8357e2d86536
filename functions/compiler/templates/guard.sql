SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_guard()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
IF "{is_foreign}" THEN
    RAISE EXCEPTION 'this is not the shard of the tenant' USING ERRCODE = 'BL033', HINT = "{hint}";
END IF;
END
$$;

COMMENT ON FUNCTION projection.template_guard() IS
'Template: the refusal of foreign tenants on a shard: see projection.guard_text().';

REVOKE ALL ON FUNCTION projection.template_guard() FROM public;
