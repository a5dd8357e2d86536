SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_tenant_of_many()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- Each tenant is looked up: the plan stays, whatever the first statement of the session came with.
PERFORM projection.refuse_tenant("{name}", e.event_type, e.event_data, to_jsonb(t))
FROM "{events}" AS e
CROSS JOIN LATERAL (SELECT o.* FROM "{tenants}" AS o WHERE o.tenant_id = e.tenant_id LIMIT 1) AS t
WHERE t.status <> 'active' OR "{finer}"(e.event_type, e.event_data, t.scale);
END
$$;

COMMENT ON FUNCTION projection.template_tenant_of_many() IS
'Template: events of tenants that have a row: see projection.tenant_text().';

REVOKE ALL ON FUNCTION projection.template_tenant_of_many() FROM public;
