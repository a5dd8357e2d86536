SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_keys_after()
RETURNS void
LANGUAGE sql
AS $$
SELECT
    array_agg(u.tenant_id ORDER BY u.tenant_id, u.key COLLATE "C"),
    array_agg(u.key ORDER BY u.tenant_id, u.key COLLATE "C")
FROM (
    TABLE "{keys}"
    ORDER BY 1, 2 LIMIT $4
) AS u
$$;

COMMENT ON FUNCTION projection.template_keys_after() IS
'Template: the next keys of a read table: see projection.keys_after().';

REVOKE ALL ON FUNCTION projection.template_keys_after() FROM public;
