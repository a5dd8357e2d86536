SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.nodes()
RETURNS TABLE (node_name text, node_port integer, node_role text, answers boolean, shards bigint, bytes bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT
        n.nodename::text, n.nodeport, CASE WHEN n.groupid = 0 THEN 'coordinator' ELSE 'worker' END,
        pg_catalog.citus_check_connection_to_node(n.nodename, n.nodeport),
        count(s.shardid) FILTER (WHERE s.table_name = 'public.bet_events'::regclass), sum(s.shard_size)::bigint
    FROM pg_catalog.pg_dist_node AS n
    LEFT JOIN pg_catalog.citus_shards AS s
        ON s.nodename = n.nodename AND s.nodeport = n.nodeport
            AND s.colocation_id = (
                SELECT d.colocationid FROM pg_catalog.pg_dist_partition AS d
                WHERE d.logicalrelid = 'public.bet_events'::regclass
            )
    WHERE n.noderole = 'primary'
    GROUP BY n.nodeid, n.nodename, n.nodeport, n.groupid
    ORDER BY n.groupid, n.nodename, n.nodeport;
END
$$;

COMMENT ON FUNCTION ops.nodes() IS
'The nodes of a Citus cluster: whether each answers, how many shards of tenants it holds (each is one shard of every '
'ledger table), and their bytes (NULL for none, or for a node that does not answer). No row on plain PostgreSQL. Null '
'may be: shards, bytes. Example: SELECT * FROM ops.nodes().';

REVOKE ALL ON FUNCTION ops.nodes() FROM public;

GRANT EXECUTE ON FUNCTION ops.nodes() TO betledger_operator;
