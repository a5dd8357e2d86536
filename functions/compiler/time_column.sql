SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.time_column(p_definition text, p_bound text DEFAULT 'highest')
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_source projection.sources%ROWTYPE;
    v_plan jsonb;
BEGIN
    SELECT s.* INTO v_source FROM projection.registered_sources() AS s WHERE s.definition = p_definition;
    EXECUTE format(
        'EXPLAIN (VERBOSE, FORMAT JSON, COSTS OFF) SELECT projection.event_time(e."timestamp")'
        -- With two rows in it, the name of a row stands before each column.
        ' FROM jsonb_populate_record(NULL::%1$s, ''{}'') AS e '
        'CROSS JOIN jsonb_populate_record(NULL::%1$s, ''{}'') AS o',
        v_source.source_table
    ) INTO v_plan;
    PERFORM projection.execute_locally_again();
    RETURN (
        SELECT min(s.name)
        FROM projection.simplified(p_definition, 'e', jsonb_build_object('e', v_source.source_table)) AS s
        JOIN projection.registered_projections() AS p ON p.read_table = v_source.read_table
        WHERE s.name = ANY (CASE p_bound WHEN 'lowest' THEN p.lowest_columns ELSE p.highest_columns END)
            AND s.value = v_plan #>> '{0,Plan,Output,0}'
    );
END
$$;

COMMENT ON FUNCTION projection.time_column(text, text) IS
'The column of a read table that holds the time of its last event: it gathers the highest projection.event_time(). '
'Null where there is none: then events that come to a known stream are always folded with all before. With lowest: '
'that of its first event. Example: SELECT projection.time_column(''projection.bet_of_event'').';

REVOKE ALL ON FUNCTION projection.time_column(text, text) FROM public;
