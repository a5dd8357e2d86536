CREATE OR REPLACE FUNCTION projection.totals_of_balance(
    b public.user_balances_view
)
RETURNS TABLE(tenant_id bigint, balances numeric)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT b.tenant_id, b.balance
$body$;
CREATE OR REPLACE FUNCTION projection.totals_of_bet(
    b public.bets_view
)
RETURNS TABLE(tenant_id bigint, bets_placed integer,
    bets_confirmed integer, bets_settled integer,
    bets_cancelled integer, staked numeric, paid_out numeric,
    gross_gaming_revenue numeric)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT
    b.tenant_id,
    CASE WHEN b.status = 'placed' THEN 1 ELSE 0 END,
    CASE WHEN b.status = 'confirmed' THEN 1 ELSE 0 END,
    CASE WHEN b.status = 'settled' THEN 1 ELSE 0 END,
    CASE WHEN b.status = 'cancelled' THEN 1 ELSE 0 END,
    CASE WHEN b.status <> 'cancelled' THEN coalesce(b.stake, 0) ELSE 0 END,
    CASE WHEN b.status = 'settled' THEN coalesce(b.payout, 0) ELSE 0 END,
    CASE WHEN b.status = 'settled' THEN coalesce(b.stake - b.payout, 0) ELSE 0 END
$body$;
CREATE OR REPLACE FUNCTION projection.totals_of_payment(
    p public.payments_view
)
RETURNS TABLE(tenant_id bigint, deposits numeric, withdrawals numeric)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT
    p.tenant_id,
    CASE WHEN p.type = 'deposit' AND p.status <> 'failed' THEN coalesce(p.amount, 0) ELSE 0 END,
    CASE WHEN p.type = 'withdrawal' AND p.status <> 'failed' THEN coalesce(p.amount, 0) ELSE 0 END
$body$;
CREATE OR REPLACE FUNCTION projection.totals_of_user(
    u public.user_activity_view
)
RETURNS TABLE(tenant_id bigint, users integer)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT u.tenant_id, 1
$body$;
SELECT projection.define(
    'projection.tenant_totals',
    '{projection.totals_of_balance, projection.totals_of_bet,
    projection.totals_of_payment, projection.totals_of_user}',
    p_position => 50,
    p_slots => 32
);
CREATE OR REPLACE FUNCTION projection.tenant_totals_add(
    p_plus projection.tenant_totals[],
    p_minus projection.tenant_totals[]
)
RETURNS bigint
LANGUAGE plpgsql
SET enable_nestloop = 'off'
SET jit = 'off'
SET plan_cache_mode = 'auto'
AS $body$
DECLARE
    v_changed bigint;
BEGIN
    -- For a few rows a plan that is kept, for many one that is made for them: the tables may have grown since.
    PERFORM set_config(
        'plan_cache_mode',
        CASE WHEN cardinality(p_plus) > 100 THEN 'force_custom_plan' ELSE 'force_generic_plan' END, true
    );
    BEGIN
        WITH said AS (
            SELECT 1 AS sign, p.* FROM unnest(p_plus) AS p
            UNION ALL
            SELECT -1, m.* FROM unnest(p_minus) AS m
        ),
        change AS (
            SELECT s.tenant_id, s.slot, sum(s.sign * s.users) AS users,
                sum(s.sign * s.bets_placed) AS bets_placed,
                sum(s.sign * s.bets_confirmed) AS bets_confirmed,
                sum(s.sign * s.bets_settled) AS bets_settled,
                sum(s.sign * s.bets_cancelled) AS bets_cancelled,
                trim_scale(sum(s.sign * s.staked)) AS staked,
                trim_scale(sum(s.sign * s.paid_out)) AS paid_out,
                trim_scale(sum(s.sign * s.gross_gaming_revenue)) AS gross_gaming_revenue,
                trim_scale(sum(s.sign * s.deposits)) AS deposits,
                trim_scale(sum(s.sign * s.withdrawals)) AS withdrawals,
                trim_scale(sum(s.sign * s.balances)) AS balances
            FROM said AS s
            GROUP BY s.tenant_id, s.slot
            HAVING sum(s.sign) <> 0 OR sum(s.sign * s.users) <> 0 OR
                sum(s.sign * s.bets_placed) <> 0 OR
                sum(s.sign * s.bets_confirmed) <> 0 OR
                sum(s.sign * s.bets_settled) <> 0 OR
                sum(s.sign * s.bets_cancelled) <> 0 OR
                sum(s.sign * s.staked) <> 0 OR sum(s.sign * s.paid_out) <> 0 OR
                sum(s.sign * s.gross_gaming_revenue) <> 0 OR
                sum(s.sign * s.deposits) <> 0 OR
                sum(s.sign * s.withdrawals) <> 0 OR
                sum(s.sign * s.balances) <> 0
        ),
        changed AS (
            INSERT INTO projection.tenant_totals AS t (
                tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                    bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                    withdrawals, balances
            )
            SELECT c.tenant_id, c.slot, c.users, c.bets_placed, c.bets_confirmed,
                c.bets_settled, c.bets_cancelled, c.staked, c.paid_out,
                c.gross_gaming_revenue, c.deposits, c.withdrawals, c.balances FROM change AS c
            ORDER BY c.tenant_id, c.slot
            ON CONFLICT (tenant_id, slot) DO UPDATE
            SET users = t.users + excluded.users,
                bets_placed = t.bets_placed + excluded.bets_placed,
                bets_confirmed = t.bets_confirmed + excluded.bets_confirmed,
                bets_settled = t.bets_settled + excluded.bets_settled,
                bets_cancelled = t.bets_cancelled + excluded.bets_cancelled,
                staked = trim_scale(t.staked + excluded.staked),
                paid_out = trim_scale(t.paid_out + excluded.paid_out),
                gross_gaming_revenue = trim_scale(t.gross_gaming_revenue + excluded.gross_gaming_revenue),
                deposits = trim_scale(t.deposits + excluded.deposits),
                withdrawals = trim_scale(t.withdrawals + excluded.withdrawals),
                balances = trim_scale(t.balances + excluded.balances)
            RETURNING t.*, t.xmax = 0 AS is_new
        )
        SELECT count(*)
        INTO v_changed
        FROM changed AS t;
    EXCEPTION WHEN unique_violation THEN
        -- Only an index that is being built can say so: it is no part of what is in conflict.
        PERFORM projection.refuse_race('projection.tenant_totals');
    END;
    RETURN v_changed;
END
$body$;
CREATE OR REPLACE FUNCTION projection.tenant_totals_fold(
    
)
RETURNS TABLE(tenant_id bigint, users bigint, bets_placed bigint,
    bets_confirmed bigint, bets_settled bigint,
    bets_cancelled bigint, staked numeric, paid_out numeric,
    gross_gaming_revenue numeric, deposits numeric,
    withdrawals numeric, balances numeric)
LANGUAGE plpgsql STABLE
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.tenant_id, sum(s.users)::bigint AS users,
        sum(s.bets_placed)::bigint AS bets_placed,
        sum(s.bets_confirmed)::bigint AS bets_confirmed,
        sum(s.bets_settled)::bigint AS bets_settled,
        sum(s.bets_cancelled)::bigint AS bets_cancelled,
        trim_scale(sum(s.staked)) AS staked,
        trim_scale(sum(s.paid_out)) AS paid_out,
        trim_scale(sum(s.gross_gaming_revenue)) AS gross_gaming_revenue,
        trim_scale(sum(s.deposits)) AS deposits,
        trim_scale(sum(s.withdrawals)) AS withdrawals,
        trim_scale(sum(s.balances)) AS balances
    FROM (
        SELECT c.tenant_id, 0 AS users, 0 AS bets_placed, 0 AS bets_confirmed,
            0 AS bets_settled, 0 AS bets_cancelled, 0 AS staked,
            0 AS paid_out, 0 AS gross_gaming_revenue, 0 AS deposits,
            0 AS withdrawals, c.balances
        FROM public.user_balances_view AS e CROSS JOIN LATERAL projection.totals_of_balance(e) AS c
        WHERE true
        UNION ALL
        SELECT c.tenant_id, 0 AS users, c.bets_placed, c.bets_confirmed,
            c.bets_settled, c.bets_cancelled, c.staked, c.paid_out,
            c.gross_gaming_revenue, 0 AS deposits, 0 AS withdrawals,
            0 AS balances
        FROM public.bets_view AS e CROSS JOIN LATERAL projection.totals_of_bet(e) AS c
        WHERE true
        UNION ALL
        SELECT c.tenant_id, 0 AS users, 0 AS bets_placed, 0 AS bets_confirmed,
            0 AS bets_settled, 0 AS bets_cancelled, 0 AS staked,
            0 AS paid_out, 0 AS gross_gaming_revenue, c.deposits,
            c.withdrawals, 0 AS balances
        FROM public.payments_view AS e CROSS JOIN LATERAL projection.totals_of_payment(e) AS c
        WHERE true
        UNION ALL
        SELECT c.tenant_id, c.users, 0 AS bets_placed, 0 AS bets_confirmed,
            0 AS bets_settled, 0 AS bets_cancelled, 0 AS staked,
            0 AS paid_out, 0 AS gross_gaming_revenue, 0 AS deposits,
            0 AS withdrawals, 0 AS balances
        FROM public.user_activity_view AS e CROSS JOIN LATERAL projection.totals_of_user(e) AS c
        WHERE true
    ) AS s
    GROUP BY s.tenant_id;
END
$body$;
