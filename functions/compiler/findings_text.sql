SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.findings_text(p_shard_id bigint DEFAULT NULL)
RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
    SELECT projection.filled('findings', jsonb_build_object(
        'movements', projection.movements_text(p_shard_id),
        'tenants', projection.local_table('public.tenants', p_shard_id)
    ))
$$;

COMMENT ON FUNCTION projection.findings_text(bigint) IS
'The query of ops.reconcile(): of the tenant $1 or of all, up to the time $2 in milliseconds or until '
'now, of the user $3 or of all. With a shard, from the shards of its node. Example: SELECT '
'projection.findings_text().';

REVOKE ALL ON FUNCTION projection.findings_text(bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.findings_text(bigint) TO betledger_operator;
