-- requires: functions/compiler/define.sql
SET LOCAL ROLE betledger_owner;

-- What one bet adds to the totals of its tenant. Inlined wherever it is called: no SET clause, not volatile.
CREATE OR REPLACE FUNCTION projection.totals_of_bet(b public.bets_view)
RETURNS TABLE (
    tenant_id bigint, bets_placed integer, bets_confirmed integer, bets_settled integer, bets_cancelled integer,
    staked numeric, paid_out numeric, gross_gaming_revenue numeric
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT
    b.tenant_id,
    CASE WHEN b.status = 'placed' THEN 1 ELSE 0 END,
    CASE WHEN b.status = 'confirmed' THEN 1 ELSE 0 END,
    CASE WHEN b.status = 'settled' THEN 1 ELSE 0 END,
    CASE WHEN b.status = 'cancelled' THEN 1 ELSE 0 END,
    CASE WHEN b.status <> 'cancelled' THEN coalesce(b.stake, 0) ELSE 0 END,
    CASE WHEN b.status = 'settled' THEN coalesce(b.payout, 0) ELSE 0 END,
    CASE WHEN b.status = 'settled' THEN coalesce(b.stake - b.payout, 0) ELSE 0 END
$$;

COMMENT ON FUNCTION projection.totals_of_bet(public.bets_view) IS
'A definition of projection.tenant_totals: what one bet adds to the totals of its tenant. '
'Example: SELECT t.* FROM public.bets_view AS b, projection.totals_of_bet(b) AS t.';

-- What one payment adds to the totals of its tenant.
CREATE OR REPLACE FUNCTION projection.totals_of_payment(p public.payments_view)
RETURNS TABLE (tenant_id bigint, deposits numeric, withdrawals numeric)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT
    p.tenant_id,
    CASE WHEN p.type = 'deposit' AND p.status NOT IN ('failed', 'reversed')
        THEN coalesce(p.amount, 0) ELSE 0 END,
    CASE WHEN p.type = 'withdrawal' AND p.status NOT IN ('failed', 'reversed')
        THEN coalesce(p.amount, 0) ELSE 0 END
$$;

COMMENT ON FUNCTION projection.totals_of_payment(public.payments_view) IS
'A definition of projection.tenant_totals: what one payment adds to the totals of its tenant. '
'Example: SELECT t.* FROM public.payments_view AS p, projection.totals_of_payment(p) AS t.';

-- A user who was active is one more user of the tenant.
CREATE OR REPLACE FUNCTION projection.totals_of_user(u public.user_activity_view)
RETURNS TABLE (tenant_id bigint, users integer)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT u.tenant_id, 1
$$;

COMMENT ON FUNCTION projection.totals_of_user(public.user_activity_view) IS
'A definition of projection.tenant_totals: a user with a bet or a payment is one more user of the tenant. '
'Example: SELECT t.* FROM public.user_activity_view AS u, projection.totals_of_user(u) AS t.';

-- What one balance adds to the totals of its tenant.
CREATE OR REPLACE FUNCTION projection.totals_of_balance(b public.user_balances_view)
RETURNS TABLE (tenant_id bigint, balances numeric)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT b.tenant_id, b.balance
$$;

COMMENT ON FUNCTION projection.totals_of_balance(public.user_balances_view) IS
'A definition of projection.tenant_totals: what one balance adds to the totals of its tenant. '
'Example: SELECT t.* FROM public.user_balances_view AS b, projection.totals_of_balance(b) AS t.';

SELECT projection.define(
    'projection.tenant_totals',
    '{
        projection.totals_of_bet, projection.totals_of_payment, projection.totals_of_user, projection.totals_of_balance
    }',
    p_position => 50,
    p_slots => 32
);
