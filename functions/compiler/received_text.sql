SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.received_text(p_event_table text)
RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT projection.filled('receive', jsonb_build_object(
        'name', quote_literal(p_event_table),
        -- Which of the two is not asked for each event: that takes as long as all three values.
        'position', CASE WHEN projection.is_distributed(p_event_table)
            THEN 'projection.feed_position_of_shard(TG_RELID)' ELSE 'projection.feed_position()' END
    ))
$$;

COMMENT ON FUNCTION projection.received_text(text) IS
'The body of the trigger function projection.<event table>_received(). Example: SELECT '
'projection.received_text(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.received_text(text) FROM public;
