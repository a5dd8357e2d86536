SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_given_with_new()
RETURNS void
LANGUAGE sql
AS $$
SELECT DISTINCT ON (u.tenant_id, u.key) u.*
FROM unnest(p_tenant_ids, p_keys, p_new) AS u (
    tenant_id, key,
    "{new}"
)
ORDER BY u.tenant_id, u.key
$$;

COMMENT ON FUNCTION projection.template_given_with_new() IS
'Template: the keys that a refresh is given, with what new events come to: see projection.merge_texts().';

REVOKE ALL ON FUNCTION projection.template_given_with_new() FROM public;
