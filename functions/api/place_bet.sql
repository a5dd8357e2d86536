SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.place_bet(
    p_tenant_id bigint, p_user_id text, p_stake numeric, p_odds numeric, p_fixture_id text,
    p_idempotency_key text DEFAULT NULL, p_from_balance boolean DEFAULT false
)
RETURNS public.bet_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_event_data jsonb := jsonb_build_object(
        'user_id', p_user_id, 'stake', p_stake, 'odds', p_odds, 'fixture_id', p_fixture_id
    ) || CASE WHEN p_from_balance THEN '{"from_balance": true}' ELSE '{}' END::jsonb;
    v_id uuid;
    v_now bigint;
    v_bet_id text;
    v_type text;
    v_stored jsonb;
BEGIN
    p_idempotency_key := projection.key_of_call(p_idempotency_key);
    v_id := projection.event_id(p_tenant_id, 'place_bet', p_idempotency_key);
    -- Not by the key: behind row-level security no index is searched by an expression that may tell what it sees.
    SELECT e.aggregate_id, e.event_type, e.event_data INTO v_bet_id, v_type, v_stored
    FROM public.bet_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.id = v_id;
    IF NOT FOUND THEN
        IF v_id IS NULL THEN
            PERFORM projection.refuse_missing(p_tenant_id, p_idempotency_key);
        END IF;
        v_now := projection.current_ms();
        v_bet_id := 'bet-' || v_id;
        INSERT INTO public.bet_events (
            id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata
        )
        VALUES (
            v_id, p_tenant_id, v_bet_id, 'V1_BETS_BET_PLACED', v_event_data, v_now, 1,
            jsonb_build_object('idempotency_key', p_idempotency_key)
        )
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            IF p_from_balance THEN
                PERFORM projection.change_balance(
                    p_tenant_id, p_user_id, 'V1_BALANCES_BALANCE_DECREASED', p_stake, v_now, v_bet_id,
                    projection.event_id(p_tenant_id, 'place_bet balance', p_idempotency_key),
                    jsonb_build_object('bet_id', v_bet_id)
                );
            END IF;
            RETURN projection.bet_result(p_tenant_id, v_bet_id, false);
        END IF;
    END IF;
    -- The call is known, by its id or, where a client has inserted the event, by its key. Is it the same?
    IF v_type IS DISTINCT FROM 'V1_BETS_BET_PLACED' OR v_stored IS DISTINCT FROM v_event_data THEN
        v_bet_id := projection.bet_of_request(
            p_tenant_id, v_id, p_idempotency_key, 'V1_BETS_BET_PLACED', '{"from_balance": false}' || v_event_data
        );
    END IF;
    RETURN projection.bet_result(p_tenant_id, v_bet_id, true);
END
$$;

COMMENT ON FUNCTION public.place_bet(bigint, text, numeric, numeric, text, text, boolean) IS
'Places a bet. Stake in the currency of the tenant, above 0; decimal odds, 1 or more; with p_from_balance the stake '
'is taken from the balance of the user. Gives the row of bets_view; duplicate is true when the key was used with the '
'same arguments before: then nothing is stored. Errors: BL001 bad argument, BL004 insufficient funds, BL005 the key '
'was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant. Example: SELECT * FROM '
'public.place_bet(10001, ''user-1'', 10.50, 1.85, ''match-7'', ''key-1'').';

REVOKE ALL ON FUNCTION public.place_bet(bigint, text, numeric, numeric, text, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION public.place_bet(bigint, text, numeric, numeric, text, text, boolean)
TO betledger_app, betledger_tenant;
