SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.checked_text(p_event_table text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT projection.filled('checked', jsonb_build_object(
        'branches', string_agg(
            format(E'WHEN %L THEN\n    EXIT checked WHEN\n        %s;', t.event_type, replace(
                projection.usual_check(p_event_table, t.event_type), E'\n', E'\n        '
            )), E'\n' ORDER BY t.rank, t.event_type
        ),
        'valid', projection.local_function(p_event_table, 'valid', NULL), 'name', quote_literal(p_event_table)
    ))
    FROM projection.registered_types() AS t WHERE t.event_table = p_event_table
$$;

COMMENT ON FUNCTION projection.checked_text(text) IS
'The statements that check the one event of a statement (e) against projection.event_types. '
'Example: SELECT projection.checked_text(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.checked_text(text) FROM public;
