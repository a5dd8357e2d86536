SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.place_bet(
    p_tenant_id bigint, p_user_id text, p_stake numeric, p_odds numeric, p_fixture_id text, p_idempotency_key text,
    p_from_balance boolean DEFAULT false
)
RETURNS public.bet_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_id uuid := projection.event_id(p_tenant_id, 'place_bet', p_idempotency_key);
    v_event_data jsonb := jsonb_build_object(
        'user_id', p_user_id, 'stake', p_stake, 'odds', p_odds, 'fixture_id', p_fixture_id
    );
    v_bet_id text := 'bet-' || v_id;
    v_now bigint := projection.current_ms();
    v_metadata jsonb;
    v_known record;
BEGIN
    IF p_tenant_id IS NULL OR p_idempotency_key IS NULL THEN
        PERFORM projection.refuse_missing(p_tenant_id, p_idempotency_key);
    END IF;
    IF p_from_balance THEN
        v_event_data := v_event_data || '{"from_balance": true}';
    END IF;
    SELECT k.* INTO v_known FROM projection.is_bet_request_known(
        p_tenant_id, v_id, p_idempotency_key, 'V1_BETS_BET_PLACED', '{"from_balance": false}' || v_event_data, false
    ) AS k;
    IF NOT v_known.is_known THEN
        v_metadata := jsonb_build_object('idempotency_key', p_idempotency_key);
        INSERT INTO public.bet_events (
            id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata
        )
        VALUES (v_id, p_tenant_id, v_bet_id, 'V1_BETS_BET_PLACED', v_event_data, v_now, 1, v_metadata)
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            IF p_from_balance THEN
                PERFORM projection.change_balance(
                    p_tenant_id, p_user_id, 'V1_BALANCES_BALANCE_DECREASED', p_stake, v_now, v_bet_id,
                    projection.event_id(p_tenant_id, 'place_bet balance', p_idempotency_key),
                    jsonb_build_object('bet_id', v_bet_id), v_metadata
                );
            END IF;
            RETURN projection.bet_result(p_tenant_id, v_bet_id, false);
        END IF;
        SELECT k.* INTO v_known FROM projection.is_bet_request_known(
            p_tenant_id, v_id, p_idempotency_key, 'V1_BETS_BET_PLACED', '{"from_balance": false}' || v_event_data, true
        ) AS k;
    END IF;
    RETURN projection.bet_result(p_tenant_id, v_known.bet_id, true);
END
$$;

COMMENT ON FUNCTION public.place_bet(bigint, text, numeric, numeric, text, text, boolean) IS
'Places a bet. Stake in the currency of the tenant, above 0; decimal odds, 1 or more; with p_from_balance the stake '
'is taken from the balance of the user. Gives the row of bets_view; duplicate is true when the key was used with the '
'same arguments before: then nothing is stored. Errors: BL001 bad argument, BL004 insufficient funds, BL005 the key '
'was used otherwise, BL006 foreign tenant. Example: SELECT * FROM public.place_bet(10001, ''user-1'', 10.50, 1.85, '
'''match-7'', ''key-1'').';

REVOKE ALL ON FUNCTION public.place_bet(bigint, text, numeric, numeric, text, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION public.place_bet(bigint, text, numeric, numeric, text, text, boolean)
TO betledger_app, betledger_tenant;
