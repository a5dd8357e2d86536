SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.place_bet(
    p_tenant_id bigint, p_user_id text, p_stake numeric, p_odds numeric, p_fixture_id text, p_idempotency_key text,
    p_from_balance boolean DEFAULT false
)
RETURNS TABLE (
    tenant_id bigint, bet_id text, user_id text, stake numeric, odds numeric, fixture_id text, status text, result text, payout numeric, idempotency_key text, created_at timestamptz, last_updated_at timestamptz, duplicate boolean
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_id uuid := projection.event_id(p_tenant_id, 'place_bet', p_idempotency_key);
    v_bet_id text := 'bet-' || v_id;
    v_now bigint := projection.current_ms();
    v_event_data jsonb := jsonb_build_object(
        'user_id', p_user_id, 'stake', p_stake, 'odds', p_odds, 'fixture_id', p_fixture_id
    ) || CASE WHEN p_from_balance THEN '{"from_balance": true}' ELSE '{}' END::jsonb;
    v_metadata jsonb := jsonb_build_object('idempotency_key', p_idempotency_key);
    v_stored record;
    v_duplicate boolean := false;
BEGIN
    IF p_tenant_id IS NULL THEN
        PERFORM projection.require_tenant(p_tenant_id);
    END IF;
    IF p_idempotency_key IS NULL THEN
        PERFORM projection.refuse_argument('idempotency_key', NULL, 'Send a key of 1 to 200 characters, new for each new operation.');
    END IF;
    INSERT INTO public.bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
    VALUES (v_id, p_tenant_id, v_bet_id, 'V1_BETS_BET_PLACED', v_event_data, v_now, 1, v_metadata)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        SELECT s.* INTO v_stored FROM projection.bet_event_of_request(p_tenant_id, v_id, p_idempotency_key) AS s;
        PERFORM projection.require_same_request(
            p_idempotency_key, v_stored.event_type, 'V1_BETS_BET_PLACED', '{"from_balance": false}' || v_stored.event_data,
            '{"from_balance": false}' || v_event_data
        );
        v_bet_id := v_stored.aggregate_id;
        v_duplicate := true;
    ELSIF p_from_balance THEN
        PERFORM projection.change_balance(
            p_tenant_id, p_user_id, 'DECREASED', p_stake, v_now, v_bet_id,
            projection.event_id(p_tenant_id, 'place_bet balance', p_idempotency_key), jsonb_build_object('bet_id', v_bet_id), v_metadata
        );
    END IF;
    RETURN QUERY
    SELECT b.tenant_id, b.bet_id, b.user_id, b.stake, b.odds, b.fixture_id, b.status, b.result, b.payout, b.idempotency_key, b.created_at, b.last_updated_at, v_duplicate
    FROM public.bets_view AS b WHERE b.tenant_id = p_tenant_id AND b.bet_id = v_bet_id;
END
$$;

COMMENT ON FUNCTION public.place_bet(bigint, text, numeric, numeric, text, text, boolean) IS
'Places a bet. Stake in the currency of the tenant, above 0; decimal odds, 1 or more; with p_from_balance the stake is taken from the balance of the user. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL004 insufficient funds, BL005 the key was used otherwise, BL006 foreign tenant. Example: SELECT * FROM public.place_bet(10001, ''user-1'', 10.50, 1.85, ''match-7'', ''key-1'').';

REVOKE ALL ON FUNCTION public.place_bet(bigint, text, numeric, numeric, text, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION public.place_bet(bigint, text, numeric, numeric, text, text, boolean) TO betledger_app, betledger_tenant;
