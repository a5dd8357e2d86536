SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.step_refusal(p_bet_id text, p_stored_type text, p_sent_type text)
RETURNS projection.refusal
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ROW(
        'BL003', format(
            'bet %L is %s: it cannot be %s',
            left(p_bet_id, 100), projection.event_status(p_stored_type),
            CASE p_sent_type WHEN 'V1_BETS_BET_SETTLEMENT_CORRECTED' THEN 'corrected'
                ELSE projection.event_status(p_sent_type) END
        ), 'placed can be confirmed, settled or cancelled; confirmed can be settled or cancelled; settled can be '
            'resettled or voided.'
    )::projection.refusal;
END
$$;

COMMENT ON FUNCTION projection.step_refusal(text, text, text) IS
'The refusal of a step of a bet after an event that forbids it. Example: SELECT * FROM projection.step_refusal('
'''bet-1'', ''V1_BETS_BET_SETTLED'', ''V1_BETS_BET_CANCELLED'').';

REVOKE ALL ON FUNCTION projection.step_refusal(text, text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.step_refusal(text, text, text)
TO betledger_app, betledger_tenant, betledger_operator;
