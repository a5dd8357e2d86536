SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.inserted_text(p_event_table text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_names jsonb := jsonb_build_object(
        'event_table', p_event_table, 'name', quote_literal(p_event_table),
        'valid', projection.local_function(p_event_table, 'valid', NULL)
    );
BEGIN
    IF projection.is_distributed(p_event_table) THEN
        RETURN projection.filled('inserted_on_shard', v_names || jsonb_build_object(
            'row', projection.row_of(p_event_table, '{}', 'n'),
            'one', quote_literal(split_part(p_event_table, '.', 2) || '_one'),
            'many', quote_literal(split_part(p_event_table, '.', 2) || '_many')
        ));
    END IF;
    RETURN projection.filled('inserted', v_names || jsonb_build_object(
        'one', projection.one_text(p_event_table),
        'many', projection.many_text(p_event_table, 'new_events')
    ));
END
$$;

COMMENT ON FUNCTION projection.inserted_text(text) IS
'The body of the trigger function projection.<event table>_inserted(): checks what was inserted, and brings it to '
'the read tables. On Citus it calls functions that are compiled for its shard. Example: SELECT '
'projection.inserted_text(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.inserted_text(text) FROM public;
