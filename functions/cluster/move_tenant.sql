SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.move_tenant(p_tenant_id bigint, p_node_name text, p_node_port integer)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_shard_id bigint;
    v_from record;
BEGIN
    PERFORM ops.require_tenant_of_cluster(p_tenant_id);
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_dist_node AS n
        WHERE n.nodename = p_node_name AND n.nodeport = p_node_port AND n.noderole = 'primary'
            AND n.isactive AND n.shouldhaveshards
    ) THEN
        PERFORM projection.refuse_argument('node', p_node_name || ':' || p_node_port, (
            SELECT 'Send a worker that holds shards: '
                || string_agg(n.nodename || ':' || n.nodeport, ', ' ORDER BY n.nodename, n.nodeport) || '.'
            FROM pg_catalog.pg_dist_node AS n WHERE n.noderole = 'primary' AND n.isactive AND n.shouldhaveshards
        ));
    END IF;
    v_shard_id := pg_catalog.get_shard_id_for_distribution_column('public.bet_events', p_tenant_id);
    SELECT s.nodename, s.nodeport INTO v_from FROM pg_catalog.citus_shards AS s WHERE s.shardid = v_shard_id;
    IF v_from.nodename <> p_node_name OR v_from.nodeport <> p_node_port THEN
        PERFORM pg_catalog.citus_move_shard_placement(
            v_shard_id, v_from.nodename, v_from.nodeport, p_node_name, p_node_port
        );
    END IF;
    RETURN v_shard_id;
END
$$;

COMMENT ON FUNCTION ops.move_tenant(bigint, text, integer) IS
'On Citus: moves the shard of a tenant, with all tenants that live in it (ops.isolate_tenant() gives it its own), to '
'another worker, and gives its id. Writers go on, but for moments at the end; needs wal_level = logical. A shard that '
'is there already is left alone. Run by betledger_owner or a superuser, on the coordinator, not in a transaction with '
'other changes. Errors: BL001 bad tenant id or unknown node, BL030 no cluster. Example: SELECT ops.move_tenant(10001, '
'''worker-2'', 5432).';

REVOKE ALL ON FUNCTION ops.move_tenant(bigint, text, integer) FROM public;
