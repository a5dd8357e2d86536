SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_tenant_of_many()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- Each tenant is looked up: the plan stays, whatever the first statement of the session came with.
PERFORM projection.refuse_tenant(
    "{name}", e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
)
FROM "{events}" AS e
CROSS JOIN LATERAL (SELECT o.* FROM "{tenants}" AS o WHERE o.tenant_id = e.tenant_id LIMIT 1) AS t
WHERE jsonb_path_match(
    e.event_data, "{suspect}", t.limits, true
);
END
$$;

COMMENT ON FUNCTION projection.template_tenant_of_many() IS
'Template: events of tenants that have a row: see projection.tenant_text().';

REVOKE ALL ON FUNCTION projection.template_tenant_of_many() FROM public;
