SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.compile_shard(p_shard_id bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
DECLARE
    v_made boolean;
BEGIN
    IF to_regproc(projection.local_function('public.bet_events', 'many', p_shard_id)) IS NOT NULL THEN
        RETURN;
    END IF;
    -- In a session of its own: whoever makes functions lets others wait until it commits, and must not itself wait for
    -- the rows that they have locked.
    SELECT r.success INTO v_made
    FROM pg_catalog.pg_dist_local_group AS l
    JOIN pg_catalog.pg_dist_node AS n ON n.groupid = l.groupid AND n.noderole = 'primary'
    CROSS JOIN LATERAL pg_catalog.master_run_on_worker(
        ARRAY[n.nodename], ARRAY[n.nodeport],
        ARRAY[format('SELECT projection.make_shard_functions(%s)', p_shard_id)], false
    ) AS r;
    -- A shard of this very transaction, which no other session sees.
    IF v_made IS NOT TRUE THEN
        PERFORM projection.make_shard_functions(p_shard_id);
    END IF;
END
$$;

COMMENT ON FUNCTION projection.compile_shard(bigint) IS
'On the Citus node that holds a shard: sees to it that the projection functions of it and of the shards beside it are '
'there. Called by the first event that finds them missing: after a split, a move, a rebalance or an upgrade. Example: '
'SELECT projection.compile_shard(102008).';

REVOKE ALL ON FUNCTION projection.compile_shard(bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.compile_shard(bigint) TO betledger_operator;
