SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.cancel_bet(
    p_tenant_id bigint, p_bet_id text, p_reason text DEFAULT NULL, p_idempotency_key text DEFAULT NULL
)
RETURNS public.bet_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_event record;
    v_moved numeric;
BEGIN
    p_idempotency_key := projection.key_of_call(p_idempotency_key);
    SELECT a.* INTO v_event FROM projection.append_to_bet(
        p_tenant_id, p_bet_id, 'V1_BETS_BET_CANCELLED', jsonb_build_object('reason', p_reason), p_idempotency_key
    ) AS a;
    v_moved := (projection.moved_by(p_tenant_id, ARRAY[v_event.placed ->> 'user_id'], 'bet_id', ARRAY[p_bet_id]))[1];
    IF NOT v_event.duplicate AND v_moved < 0 THEN
        PERFORM projection.change_balance(
            p_tenant_id, v_event.placed ->> 'user_id', 'V1_BALANCES_BALANCE_INCREASED', -v_moved,
            v_event.event_time, p_bet_id,
            projection.event_id(p_tenant_id, 'cancel balance', p_bet_id), jsonb_build_object('bet_id', p_bet_id)
        );
    END IF;
    RETURN projection.bet_result(p_tenant_id, p_bet_id, v_event.duplicate);
END
$$;

COMMENT ON FUNCTION public.cancel_bet(bigint, text, text, text) IS
'Cancels a placed or confirmed bet. What a balance event of the bet has taken is given back. Gives the row of '
'bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 '
'no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or '
'closed tenant. Example: SELECT * FROM public.cancel_bet(10001, ''bet-1'', ''match abandoned'').';

REVOKE ALL ON FUNCTION public.cancel_bet(bigint, text, text, text) FROM public;

GRANT EXECUTE ON FUNCTION public.cancel_bet(bigint, text, text, text) TO betledger_app, betledger_tenant;
