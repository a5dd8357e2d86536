SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.first_feed_position_of_shard(p_shard oid)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
DECLARE
    v_done boolean;
BEGIN
    -- In a session of its own: see projection.compile_shard().
    SELECT r.success INTO v_done
    FROM pg_catalog.pg_dist_local_group AS l
    JOIN pg_catalog.pg_dist_node AS n ON n.groupid = l.groupid AND n.noderole = 'primary'
    CROSS JOIN LATERAL pg_catalog.master_run_on_worker(
        ARRAY[n.nodename], ARRAY[n.nodeport], ARRAY[format('SELECT projection.admit_shard(%s)', p_shard)], false
    ) AS r;
    -- A shard of this very transaction, which no other session sees.
    IF v_done IS NOT TRUE THEN
        PERFORM projection.admit_shard(p_shard);
    END IF;
    RETURN projection.feed_position();
END
$$;

COMMENT ON FUNCTION projection.first_feed_position_of_shard(oid) IS
'On a node of Citus: admits a shard to the feed of the node, and gives the place of an event that is stored in it now.';

REVOKE ALL ON FUNCTION projection.first_feed_position_of_shard(oid) FROM public;

GRANT EXECUTE ON FUNCTION projection.first_feed_position_of_shard(oid) TO betledger_app, betledger_tenant;
