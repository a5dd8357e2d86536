SET LOCAL ROLE betledger_owner;

-- Inlined wherever it is called: no SET clause, not volatile.
CREATE OR REPLACE FUNCTION projection.bet_result(p_tenant_id bigint, p_bet_id text, p_duplicate boolean)
RETURNS SETOF public.bet_result
LANGUAGE sql STABLE
AS $$
SELECT
    b.tenant_id, b.bet_id, b.user_id, b.stake, b.odds, b.fixture_id, b.status, b.result, b.payout,
    b.idempotency_key, b.created_at, b.last_updated_at, p_duplicate
FROM public.bets_view AS b WHERE b.tenant_id = p_tenant_id AND b.bet_id = p_bet_id
$$;

COMMENT ON FUNCTION projection.bet_result(bigint, text, boolean) IS
'What a function that changes a bet gives. Example: SELECT r.* FROM projection.bet_result(10001, ''bet-1'', false) AS r.';

REVOKE ALL ON FUNCTION projection.bet_result(bigint, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION projection.bet_result(bigint, text, boolean) TO betledger_app, betledger_tenant;
