SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.key_removed_text(p_event_table text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF projection.is_distributed(p_event_table) THEN
        RETURN projection.filled('key_removed_on_shard', jsonb_build_object(
            'name', quote_literal(split_part(p_event_table, '.', 2) || '_forget'), 'event_table', p_event_table,
            'row', projection.row_of(p_event_table, '{}', 'o')
        ));
    END IF;
    RETURN projection.filled('key_removed', jsonb_build_object(
        'statements', projection.forget_text(p_event_table, 'old_events')
    ));
END
$$;

COMMENT ON FUNCTION projection.key_removed_text(text) IS
'The body of the trigger function projection.<event table>_key_removed(). Example: SELECT projection.key_removed_text('
'''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.key_removed_text(text) FROM public;
