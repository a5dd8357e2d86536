SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.require_tenant_of_cluster(p_tenant_id bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT projection.is_distributed('public.bet_events') THEN
        RAISE EXCEPTION 'database % is not distributed: no tenant can have a shard', current_database()
            USING ERRCODE = 'BL030',
            HINT = 'Run this on the coordinator of a Citus cluster, after betledger distribute.';
    END IF;
    IF p_tenant_id IS NULL OR p_tenant_id < 1 THEN
        PERFORM projection.refuse_argument('tenant_id', p_tenant_id::text, 'Send the id of a tenant, 1 or more.');
    END IF;
END
$$;

COMMENT ON FUNCTION ops.require_tenant_of_cluster(bigint) IS
'Refuses what only a cluster can do for a tenant. Errors: BL001 bad tenant id, BL030 no cluster. Example: SELECT '
'ops.require_tenant_of_cluster(10001).';

REVOKE ALL ON FUNCTION ops.require_tenant_of_cluster(bigint) FROM public;
