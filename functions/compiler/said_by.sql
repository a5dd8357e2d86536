SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.said_by(p_definition text, p_event_type text)
RETURNS TABLE (name text, value text, is_constant boolean, is_zero boolean, condition text)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT s.name, s.value, s.is_constant, s.is_zero, s.condition
    FROM projection.registered_sources() AS r
    CROSS JOIN LATERAL projection.simplified(
        p_definition,
        projection.row_of(r.source_table, jsonb_build_object('event_type', format('%L::text', p_event_type)), 'e'),
        jsonb_build_object('e', r.source_table)
    ) AS s
    WHERE r.definition = p_definition
$$;

COMMENT ON FUNCTION projection.said_by(text, text) IS
'What an event (e) of a type says by a definition: for each column the expression, and under which condition it says '
'anything. Example: SELECT * FROM projection.said_by(''projection.bet_of_event'', ''V1_BETS_BET_SETTLED'').';

REVOKE ALL ON FUNCTION projection.said_by(text, text) FROM public;
