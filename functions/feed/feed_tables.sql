SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.feed_tables()
RETURNS TABLE (name text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT projection.is_distributed('public.bet_events') THEN
        RETURN QUERY SELECT DISTINCT e.event_table FROM projection.registered_types() AS e;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT s.logicalrelid::regclass || '_' || s.shardid
    FROM pg_catalog.pg_dist_shard AS s
    WHERE s.logicalrelid IN (SELECT e.event_table::regclass FROM projection.registered_types() AS e)
        AND to_regclass(s.logicalrelid::regclass || '_' || s.shardid) IS NOT NULL;
END
$$;

COMMENT ON FUNCTION projection.feed_tables() IS
'The tables of this server in which events are: the event tables, or on Citus those of their shards that are on this '
'node. Example: SELECT * FROM projection.feed_tables().';

REVOKE ALL ON FUNCTION projection.feed_tables() FROM public;
