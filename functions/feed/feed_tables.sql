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
    -- By the names of event tables alone: to look for a table of others, in a schema closed to the owner, is an error.
    RETURN QUERY
    SELECT n.shard
    FROM (SELECT DISTINCT t.event_table FROM projection.registered_types() AS t) AS e
    JOIN pg_catalog.pg_dist_shard AS s ON s.logicalrelid = e.event_table::regclass
    CROSS JOIN LATERAL format('%s_%s', e.event_table, s.shardid) AS n (shard)
    WHERE to_regclass(n.shard) IS NOT NULL;
END
$$;

COMMENT ON FUNCTION projection.feed_tables() IS
'The tables of this server in which events are: the event tables, or on Citus those of their shards that are on this '
'node. Example: SELECT * FROM projection.feed_tables().';

REVOKE ALL ON FUNCTION projection.feed_tables() FROM public;
