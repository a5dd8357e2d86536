SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_given()
RETURNS void
LANGUAGE sql
AS $$
SELECT DISTINCT u.tenant_id, u.key FROM unnest(p_tenant_ids, p_keys) AS u (tenant_id, key)
$$;

COMMENT ON FUNCTION projection.template_given() IS
'Template: the keys that a refresh is given: see projection.merge_texts().';

REVOKE ALL ON FUNCTION projection.template_given() FROM public;
