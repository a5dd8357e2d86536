SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.checked_text(p_event_table text, p_event_type text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT projection.filled('checked', jsonb_build_object(
        'check', projection.usual_check(p_event_table, p_event_type), 'name', quote_literal(p_event_table),
        'valid', projection.local_function(p_event_table, 'valid', NULL)
    ))
$$;

COMMENT ON FUNCTION projection.checked_text(text, text) IS
'The statement that asks for the full check of an event (e) of a type whose payload is out of the ordinary. Example: '
'SELECT projection.checked_text(''public.bet_events'', ''V1_BETS_BET_PLACED'').';

REVOKE ALL ON FUNCTION projection.checked_text(text, text) FROM public;
