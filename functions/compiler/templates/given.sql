SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_given()
RETURNS void
LANGUAGE sql
AS $$
SELECT DISTINCT u.tenant_id, u.key FROM unnest(p_tenant_ids, p_keys) AS u (tenant_id, key)
$$;
