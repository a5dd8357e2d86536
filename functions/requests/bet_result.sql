SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.bet_result(p_tenant_id bigint, p_bet_id text, p_duplicate boolean)
RETURNS public.bet_result
LANGUAGE plpgsql
AS $$
DECLARE
    v_result public.bet_result;
BEGIN
    SELECT
        b.tenant_id, b.bet_id, b.user_id, b.stake, b.odds, b.fixture_id, b.status, b.result, b.payout,
        b.idempotency_key, b.created_at, b.last_updated_at, p_duplicate
    INTO v_result
    FROM public.bets_view AS b WHERE b.tenant_id = p_tenant_id AND b.bet_id = p_bet_id;
    IF NOT FOUND THEN
        PERFORM projection.refuse_unseen('bet', p_bet_id, p_tenant_id);
    END IF;
    RETURN v_result;
END
$$;

COMMENT ON FUNCTION projection.bet_result(bigint, text, boolean) IS
'What a function that changes a bet gives. Called by functions that pin search_path. Errors: BL002 no such bet, BL006 '
'foreign tenant.';

REVOKE ALL ON FUNCTION projection.bet_result(bigint, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION projection.bet_result(bigint, text, boolean)
TO betledger_app, betledger_tenant, betledger_operator;
