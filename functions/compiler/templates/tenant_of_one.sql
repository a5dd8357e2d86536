SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_tenant_of_one()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
PERFORM projection.refuse_tenant("{name}", e.event_type, e.event_data, to_jsonb(t))
FROM "{tenants}" AS t
WHERE t.tenant_id = e.tenant_id
    AND (t.status <> 'active' OR "{finer}"(e.event_type, e.event_data, t.scale));
END
$$;

COMMENT ON FUNCTION projection.template_tenant_of_one() IS
'Template: one event of a tenant that has a row: see projection.tenant_text().';

REVOKE ALL ON FUNCTION projection.template_tenant_of_one() FROM public;
