SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.settle_bet(
    p_tenant_id bigint, p_bet_id text, p_result text, p_payout numeric, p_idempotency_key text DEFAULT NULL
)
RETURNS public.bet_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_event record;
BEGIN
    p_idempotency_key := projection.key_of_call(p_idempotency_key);
    IF p_result = 'loss' AND p_payout <> 0 OR p_result = 'win' AND p_payout = 0 THEN
        PERFORM projection.refuse(projection.payout_refusal(p_result, p_payout, NULL));
    END IF;
    SELECT a.* INTO v_event FROM projection.append_to_bet(
        p_tenant_id, p_bet_id, 'V1_BETS_BET_SETTLED', jsonb_build_object('result', p_result, 'payout', p_payout),
        p_idempotency_key
    ) AS a;
    IF p_result = 'void' AND p_payout <> (v_event.placed ->> 'stake')::numeric THEN
        PERFORM projection.refuse(projection.payout_refusal(p_result, p_payout, v_event.placed ->> 'stake'));
    END IF;
    IF NOT v_event.duplicate AND p_payout > 0
        AND (projection.moved_by(p_tenant_id, ARRAY[v_event.placed ->> 'user_id'], 'bet_id', ARRAY[p_bet_id]))[1] < 0
    THEN
        PERFORM projection.change_balance(
            p_tenant_id, v_event.placed ->> 'user_id', 'V1_BALANCES_BALANCE_INCREASED', p_payout,
            v_event.event_time, p_bet_id,
            projection.event_id(p_tenant_id, 'settle balance', p_bet_id), jsonb_build_object('bet_id', p_bet_id)
        );
    END IF;
    RETURN projection.bet_result(p_tenant_id, p_bet_id, v_event.duplicate);
END
$$;

COMMENT ON FUNCTION public.settle_bet(bigint, text, text, numeric, text) IS
'Settles a placed or confirmed bet. Result and payout, in the currency of the tenant: win, and more than 0; loss, and '
'0; void, and the stake. A bet that took its stake from the balance, by an event that names it, is paid out to it. '
'Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 '
'bad argument, BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant, '
'BL008 suspended or closed tenant. Example: SELECT * FROM public.settle_bet(10001, ''bet-1'', ''win'', 19.43).';

REVOKE ALL ON FUNCTION public.settle_bet(bigint, text, text, numeric, text) FROM public;

GRANT EXECUTE ON FUNCTION public.settle_bet(bigint, text, text, numeric, text) TO betledger_app, betledger_tenant;
