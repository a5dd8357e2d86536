SET LOCAL ROLE betledger_owner;

-- No SET clause and a parsed body: the planner puts it in the place of the call.
CREATE OR REPLACE FUNCTION projection.event_rank(p_event_type text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN right(p_event_type, 7) IN ('_PLACED', 'CREATED') THEN '0'
    WHEN right(p_event_type, 9) = 'CONFIRMED' THEN '1'
    ELSE '2'
END;

COMMENT ON FUNCTION projection.event_rank(text) IS
'Breaks ties: events of one stream with the same timestamp fold in the order of this rank, then of their id. Example: SELECT projection.event_rank(''V1_BETS_BET_PLACED'') gives 0.';

REVOKE ALL ON FUNCTION projection.event_rank(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.event_rank(text) TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
