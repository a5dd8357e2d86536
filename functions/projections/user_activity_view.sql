-- requires: functions/compiler/define.sql
SET LOCAL ROLE betledger_owner;

-- What one bet says of its user. Inlined wherever it is called: no SET clause, not volatile.
CREATE OR REPLACE FUNCTION projection.activity_of_bet(b public.bets_view)
RETURNS TABLE (
    tenant_id bigint, user_id text, bets integer, open_bets integer, staked numeric, paid_out numeric,
    net_result numeric, first_activity_at timestamptz, last_activity_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT
    b.tenant_id,
    b.user_id,
    1,
    CASE WHEN b.status IN ('placed', 'confirmed') THEN 1 ELSE 0 END,
    CASE WHEN b.status <> 'cancelled' THEN coalesce(b.stake, 0) ELSE 0 END,
    CASE WHEN b.status = 'settled' THEN coalesce(b.payout, 0) ELSE 0 END,
    CASE WHEN b.status = 'settled' THEN coalesce(b.payout - b.stake, 0) ELSE 0 END,
    b.created_at,
    b.last_updated_at
WHERE b.user_id IS NOT NULL
$$;

COMMENT ON FUNCTION projection.activity_of_bet(public.bets_view) IS
'A definition of public.user_activity_view: what one bet says of its user. '
'Example: SELECT a.* FROM public.bets_view AS b, projection.activity_of_bet(b) AS a.';

-- What one payment says of its user.
CREATE OR REPLACE FUNCTION projection.activity_of_payment(p public.payments_view)
RETURNS TABLE (
    tenant_id bigint, user_id text, deposits numeric, withdrawals numeric, first_activity_at timestamptz,
    last_activity_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT
    p.tenant_id,
    p.user_id,
    CASE WHEN p.type = 'deposit' AND p.status NOT IN ('failed', 'reversed')
        THEN coalesce(p.amount, 0) ELSE 0 END,
    CASE WHEN p.type = 'withdrawal' AND p.status NOT IN ('failed', 'reversed')
        THEN coalesce(p.amount, 0) ELSE 0 END,
    p.created_at,
    p.last_updated_at
WHERE p.user_id IS NOT NULL
$$;

COMMENT ON FUNCTION projection.activity_of_payment(public.payments_view) IS
'A definition of public.user_activity_view: what one payment says of its user. '
'Example: SELECT a.* FROM public.payments_view AS p, projection.activity_of_payment(p) AS a.';

SELECT projection.define(
    'public.user_activity_view', '{projection.activity_of_bet, projection.activity_of_payment}',
    p_position => 30,
    p_lowest => '{first_activity_at}',
    p_highest => '{last_activity_at}'
);
