SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_tenant_of_one()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
PERFORM projection.refuse_tenant(
    "{name}", e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
)
FROM "{tenants}" AS t
WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
    e.event_data, "{suspect}", t.limits, true
);
END
$$;

COMMENT ON FUNCTION projection.template_tenant_of_one() IS
'Template: one event of a tenant that has a row: see projection.tenant_text().';

REVOKE ALL ON FUNCTION projection.template_tenant_of_one() FROM public;
