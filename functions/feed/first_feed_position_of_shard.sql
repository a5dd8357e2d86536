SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.first_feed_position_of_shard(p_shard oid)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
BEGIN
    IF NOT projection.in_own_session(format('SELECT projection.admit_shard(%s)', p_shard)) THEN
        PERFORM projection.admit_shard(p_shard);
    END IF;
    RETURN projection.feed_position();
END
$$;

COMMENT ON FUNCTION projection.first_feed_position_of_shard(oid) IS
'On a node of Citus: admits a shard to the feed of the node, and gives the place of an event that is stored in it now.';

REVOKE ALL ON FUNCTION projection.first_feed_position_of_shard(oid) FROM public;

GRANT EXECUTE ON FUNCTION projection.first_feed_position_of_shard(oid) TO betledger_app, betledger_tenant;
