SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.correct_bet(
    p_tenant_id bigint, p_bet_id text, p_result text, p_payout numeric, p_reason text, p_idempotency_key text,
    p_allow_negative boolean
)
RETURNS public.bet_result
LANGUAGE plpgsql
AS $$
DECLARE
    v_allowed jsonb := CASE WHEN p_allow_negative THEN '{"allow_negative": true}' ELSE '{}' END;
    v_event record;
    v_stake numeric;
    v_change numeric;
BEGIN
    PERFORM projection.require_trusted(p_allow_negative);
    SELECT a.* INTO v_event FROM projection.append_to_bet(
        p_tenant_id, p_bet_id, 'V1_BETS_BET_SETTLEMENT_CORRECTED',
        jsonb_build_object('result', p_result, 'payout', p_payout, 'reason', p_reason) || v_allowed, p_idempotency_key
    ) AS a;
    v_stake := v_event.placed ->> 'stake';
    IF p_result = 'loss' AND p_payout <> 0 OR p_result = 'win' AND p_payout = 0
        OR p_result = 'void' AND p_payout <> v_stake
    THEN
        PERFORM projection.refuse_argument(
            'payout of a ' || p_result, p_payout::text,
            format('Send 0 for a loss, more for a win, the stake, %s, for a void bet.', v_stake)
        );
    END IF;
    IF NOT v_event.duplicate THEN
        v_change := p_payout - (v_event.settled ->> 'payout')::numeric;
        IF v_change = 0 AND p_result = v_event.settled ->> 'result' THEN
            RAISE EXCEPTION 'bet % is settled so: as a % of %',
                quote_literal(left(p_bet_id, 100)), p_result, p_payout
                USING ERRCODE = 'BL003', HINT = 'Send the result and payout that it should have.';
        END IF;
        -- Whoever took the stake or paid out: where the balance knows the bet, it gets the difference.
        IF v_change <> 0
            AND (projection.moved_by(
                p_tenant_id, ARRAY[v_event.placed ->> 'user_id'], 'bet_id', ARRAY[p_bet_id]
            ))[1] IS NOT NULL
        THEN
            PERFORM projection.change_balance(
                p_tenant_id, v_event.placed ->> 'user_id',
                CASE WHEN v_change > 0 THEN 'V1_BALANCES_BALANCE_INCREASED'
                    ELSE 'V1_BALANCES_BALANCE_DECREASED' END,
                abs(v_change), v_event.event_time, p_bet_id,
                projection.event_id(p_tenant_id, 'correct balance', v_event.event_id::text),
                jsonb_build_object('bet_id', p_bet_id, 'correction_id', v_event.event_id) || v_allowed,
                p_allow_negative
            );
        END IF;
    END IF;
    RETURN projection.bet_result(p_tenant_id, p_bet_id, v_event.duplicate);
END
$$;

COMMENT ON FUNCTION projection.correct_bet(bigint, text, text, numeric, text, text, boolean) IS
'Gives a settled bet another result and payout, for resettle_bet and void_bet, and the difference to the balance that '
'its stake came from or its payout went to. Called by functions that pin search_path. Errors: those of resettle_bet.';

REVOKE ALL ON FUNCTION projection.correct_bet(bigint, text, text, numeric, text, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION projection.correct_bet(bigint, text, text, numeric, text, text, boolean)
TO betledger_app, betledger_tenant, betledger_operator;
