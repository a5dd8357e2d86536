SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.first_feed_position(p_shard oid DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.begin_era();
    IF p_shard IS NOT NULL THEN
        PERFORM projection.admit_shard(p_shard);
    END IF;
    RETURN projection.feed_position();
END
$$;

COMMENT ON FUNCTION projection.first_feed_position(oid) IS
'The place in the feed of the first event that is stored after a start of the server, or by a node of Citus in a '
'shard.';

REVOKE ALL ON FUNCTION projection.first_feed_position(oid) FROM public;

GRANT EXECUTE ON FUNCTION projection.first_feed_position(oid) TO betledger_app, betledger_tenant, betledger_operator;
