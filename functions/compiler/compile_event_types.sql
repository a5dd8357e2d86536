SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.compile_event_types()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_column record;
BEGIN
    FOR v_column IN
        SELECT c.name, c.means, string_agg(
            format('WHEN %L THEN %L', t.event_type, to_jsonb(t) ->> c.name), ' '
            ORDER BY t.event_table, t.rank, t.event_type
        ) FILTER (WHERE to_jsonb(t) ->> c.name IS NOT NULL) AS cases
        FROM (VALUES
            ('rank', 'The rank of a type, one digit.'),
            ('order', 'Breaks ties: events of one stream with the same timestamp fold in this order, then in that of '
                'id. The rank, and the place of the type among those of its rank, three digits.'),
            ('kind', 'What an event is about. Migrations may rely on it.'),
            ('status', 'What a stream is after an event. Migrations may rely on it.')
        ) AS c (name, means)
        CROSS JOIN (
            SELECT r.*, r.rank || to_char(row_number() OVER (
                PARTITION BY r.event_table, r.rank ORDER BY r.event_type COLLATE "C"
            ), 'FM00') AS "order"
            FROM projection.registered_types() AS r
        ) AS t
        GROUP BY c.name, c.means
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE FUNCTION projection.event_%s(p_event_type text) RETURNS text'
            ' LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body$SELECT CASE p_event_type %s END$body$',
            v_column.name, v_column.cases
        );
        EXECUTE format(
            'COMMENT ON FUNCTION projection.event_%s(text) IS %L', v_column.name, v_column.means
            || ' Made from projection.event_types by projection.compile_event_types().'
            || format(' Example: SELECT projection.event_%s(''V1_BETS_BET_PLACED'').', v_column.name)
        );
        EXECUTE format('REVOKE ALL ON FUNCTION projection.event_%s(text) FROM public', v_column.name);
        EXECUTE format(
            'GRANT EXECUTE ON FUNCTION projection.event_%s(text)'
            ' TO betledger_app, betledger_tenant, betledger_reader, betledger_operator', v_column.name
        );
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.compile_event_types() IS
'Makes projection.event_rank(), event_order(), event_kind() and event_status() from projection.event_types: functions '
'of the type of an event that the planner puts in the place of the call, as a table would not be.';

REVOKE ALL ON FUNCTION projection.compile_event_types() FROM public;
