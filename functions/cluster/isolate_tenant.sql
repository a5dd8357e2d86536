SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.isolate_tenant(p_tenant_id bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_shard_id bigint;
BEGIN
    PERFORM ops.require_tenant_of_cluster(p_tenant_id);
    v_shard_id := pg_catalog.get_shard_id_for_distribution_column('public.bet_events', p_tenant_id);
    IF EXISTS (
        SELECT FROM pg_catalog.pg_dist_shard AS s
        WHERE s.shardid = v_shard_id AND s.shardminvalue = s.shardmaxvalue
    ) THEN
        RETURN v_shard_id;
    END IF;
    -- Not force_logical: while rows are updated it waits for a replica identity that its publication lacks, forever.
    RETURN pg_catalog.isolate_tenant_to_new_shard(
        'public.bet_events', p_tenant_id, 'CASCADE', shard_transfer_mode => 'block_writes'
    );
END
$$;

COMMENT ON FUNCTION ops.isolate_tenant(bigint) IS
'On Citus: gives a tenant a shard of its own, on the node where it is, and the id of that shard of bet_events. '
'Writers of that shard wait meanwhile (about 10 s for each GB); readers go on. A tenant that is alone already is left '
'alone. Run by betledger_owner or a superuser, on the coordinator, not in a transaction with other changes. Errors: '
'BL001 bad tenant id, BL030 no cluster. Example: SELECT ops.isolate_tenant(10001).';

REVOKE ALL ON FUNCTION ops.isolate_tenant(bigint) FROM public;
