SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.events_stored(p_event_table text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF projection.is_distributed(p_event_table) THEN
        RETURN (
            SELECT sum(s::bigint)
            FROM projection.on_shards(format(
                'SELECT pg_stat_get_tuples_inserted(projection.local_table(%L, <shard_id>)::regclass)', p_event_table
            ), NULL) AS s
        );
    END IF;
    RETURN pg_stat_get_tuples_inserted(p_event_table::regclass);
END
$$;

COMMENT ON FUNCTION projection.events_stored(text) IS
'How many events the statistics of PostgreSQL have seen being stored in an event table, those of transactions that '
'were undone among them; on Citus with those of shards that moved. Example: SELECT '
'projection.events_stored(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.events_stored(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.events_stored(text) TO betledger_operator;
