SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_tenant()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- What tenants may is part of the plan, and no query. Where it does not do, the row of the tenant is looked at.
IF jsonb_path_match(
    e.event_data, "{suspect}",
    projection.tenant_limits() -> e.tenant_id::text, true
) OR projection.tenant_limits() IS NULL THEN
    PERFORM "{look}";
END IF;
END
$$;

COMMENT ON FUNCTION projection.template_tenant() IS
'Template: whether one event has to be compared with the row of its tenant: see projection.tenant_text().';

REVOKE ALL ON FUNCTION projection.template_tenant() FROM public;
