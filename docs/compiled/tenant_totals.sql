-- definition: projection.totals_of_balance
CREATE OR REPLACE FUNCTION projection.totals_of_balance(
    b public.user_balances_view
)
RETURNS TABLE(tenant_id bigint, balances numeric)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT b.tenant_id, b.balance
$body$;

-- definition: projection.totals_of_bet
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

-- definition: projection.totals_of_payment
CREATE OR REPLACE FUNCTION projection.totals_of_payment(
    p public.payments_view
)
RETURNS TABLE(tenant_id bigint, deposits numeric, withdrawals numeric)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT
    p.tenant_id,
    CASE WHEN p.type = 'deposit' AND p.status NOT IN ('failed', 'reversed')
        THEN coalesce(p.amount, 0) ELSE 0 END,
    CASE WHEN p.type = 'withdrawal' AND p.status NOT IN ('failed', 'reversed')
        THEN coalesce(p.amount, 0) ELSE 0 END
$body$;

-- definition: projection.totals_of_user
CREATE OR REPLACE FUNCTION projection.totals_of_user(
    u public.user_activity_view
)
RETURNS TABLE(tenant_id bigint, users integer)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT u.tenant_id, 1
$body$;

-- rules: projection.tenant_totals
SELECT projection.define(
    'projection.tenant_totals',
    '{projection.totals_of_balance, projection.totals_of_bet,
    projection.totals_of_payment, projection.totals_of_user}',
    p_position => 50,
    p_slots => 32
);

-- compiled: projection.tenant_totals_add(projection.tenant_totals[],projection.tenant_totals[])
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

-- compiled: projection.tenant_totals_as_of(bigint,bigint,timestamp with time zone)
CREATE OR REPLACE FUNCTION projection.tenant_totals_as_of(
    p_tenant_id bigint, p_at_ms bigint,
    p_known_at timestamp with time zone
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
    WITH bets_view AS (
        SELECT f.tenant_id, f.bet_id, f.said_2[2]::text AS user_id,
            f.said_2[3]::numeric AS stake, f.said_2[4]::numeric AS odds,
            f.said_2[5]::text AS fixture_id, f.said_1[2]::text AS status,
            f.said_3[2]::text AS result, f.said_3[3]::numeric AS payout,
            f.said_2[6]::text AS idempotency_key, f.created_at,
            f.last_updated_at
        FROM (
            SELECT s.tenant_id, s.bet_id,
            min(s.created_at) AS created_at,
                max(s.last_updated_at) AS last_updated_at,
                max(ARRAY[
                (projection.event_rank(s.event_type) || s.position) COLLATE "C",
                s.status::text]) AS said_1,
                max(ARRAY[
                s.position,
                s.user_id::text, s.stake::text, s.odds::text, s.fixture_id::text,
                s.idempotency_key::text])
                    FILTER (WHERE s.event_type IN (
                        'V1_BETS_BET_PLACED')) AS said_2,
                max(ARRAY[
                s.position,
                s.result::text, s.payout::text])
                    FILTER (WHERE s.event_type IN (
                        'V1_BETS_BET_SETTLED', 'V1_BETS_BET_SETTLEMENT_CORRECTED')) AS said_3
            FROM (
                SELECT c.tenant_id, c.bet_id, c.user_id, c.stake, c.odds, c.fixture_id,
                    c.status, c.result, c.payout, c.idempotency_key, c.created_at,
                    c.last_updated_at,
                    e.event_type,
                    (
                        lpad(e."timestamp"::text, 13, '0')
                        || projection.event_order(e.event_type) || e.id
                    ) COLLATE "C" AS position
                FROM public.bet_events AS e CROSS JOIN LATERAL projection.bet_of_event(e) AS c
                WHERE e.tenant_id = p_tenant_id
                    AND e."timestamp" <= p_at_ms AND (p_known_at IS NULL OR e.stored_at <= p_known_at)
            ) AS s
            GROUP BY s.tenant_id, s.bet_id
        ) AS f
    ),
    payments_view AS (
        SELECT f.tenant_id, f.payment_id, f.said_2[2]::text AS user_id,
            f.said_1[3]::text AS type, f.said_2[3]::numeric AS amount,
            f.said_1[2]::text AS status,
            f.said_2[4]::text AS idempotency_key, f.created_at,
            f.last_updated_at
        FROM (
            SELECT s.tenant_id, s.payment_id,
            min(s.created_at) AS created_at,
                max(s.last_updated_at) AS last_updated_at,
                max(ARRAY[
                (projection.event_rank(s.event_type) || s.position) COLLATE "C",
                s.status::text, s.type::text]) AS said_1,
                max(ARRAY[
                s.position,
                s.user_id::text, s.amount::text, s.idempotency_key::text])
                    FILTER (WHERE s.event_type IN (
                        'V1_PAYMENTS_DEPOSIT_CREATED', 'V1_PAYMENTS_WITHDRAWAL_CREATED')) AS said_2
            FROM (
                SELECT c.tenant_id, c.payment_id, c.user_id, c.type, c.amount, c.status,
                    c.idempotency_key, c.created_at, c.last_updated_at,
                    e.event_type,
                    (
                        lpad(e."timestamp"::text, 13, '0')
                        || projection.event_order(e.event_type) || e.id
                    ) COLLATE "C" AS position
                FROM public.payment_events AS e CROSS JOIN LATERAL projection.payment_of_event(e) AS c
                WHERE e.tenant_id = p_tenant_id
                    AND e."timestamp" <= p_at_ms AND (p_known_at IS NULL OR e.stored_at <= p_known_at)
            ) AS s
            GROUP BY s.tenant_id, s.payment_id
        ) AS f
    ),
    user_activity_view AS (
        SELECT s.tenant_id, s.user_id, sum(s.bets)::integer AS bets,
            sum(s.open_bets)::integer AS open_bets,
            trim_scale(sum(s.staked)) AS staked,
            trim_scale(sum(s.paid_out)) AS paid_out,
            trim_scale(sum(s.net_result)) AS net_result,
            trim_scale(sum(s.deposits)) AS deposits,
            trim_scale(sum(s.withdrawals)) AS withdrawals,
            min(s.first_activity_at) AS first_activity_at,
            max(s.last_activity_at) AS last_activity_at
        FROM (
            SELECT c.tenant_id, c.user_id, c.bets, c.open_bets, c.staked, c.paid_out,
                c.net_result, 0 AS deposits, 0 AS withdrawals,
                c.first_activity_at, c.last_activity_at
            FROM bets_view AS e CROSS JOIN LATERAL projection.activity_of_bet(ROW(
                e.tenant_id, e.bet_id, e.user_id, e.stake, e.odds, e.fixture_id,
                e.status, e.result, e.payout, e.idempotency_key, e.created_at,
                e.last_updated_at
            )::public.bets_view) AS c
            WHERE true
            UNION ALL
            SELECT c.tenant_id, c.user_id, 0 AS bets, 0 AS open_bets, 0 AS staked,
                0 AS paid_out, 0 AS net_result, c.deposits, c.withdrawals,
                c.first_activity_at, c.last_activity_at
            FROM payments_view AS e CROSS JOIN LATERAL projection.activity_of_payment(ROW(
                e.tenant_id, e.payment_id, e.user_id, e.type, e.amount, e.status,
                e.idempotency_key, e.created_at, e.last_updated_at
            )::public.payments_view) AS c
            WHERE true
        ) AS s
        GROUP BY s.tenant_id, s.user_id
    ),
    user_balances_view AS (
        SELECT s.tenant_id, s.user_id, trim_scale(sum(s.balance)) AS balance,
            sum(s.transaction_count)::integer AS transaction_count,
            max(s.last_transaction_at) AS last_transaction_at
        FROM (
            SELECT c.tenant_id, c.user_id, c.balance, c.transaction_count,
                c.last_transaction_at
            FROM public.balance_events AS e CROSS JOIN LATERAL projection.balance_of_event(e) AS c
            WHERE e.tenant_id = p_tenant_id
                AND e."timestamp" <= p_at_ms AND (p_known_at IS NULL OR e.stored_at <= p_known_at)
        ) AS s
        GROUP BY s.tenant_id, s.user_id
    )
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
        FROM user_balances_view AS e CROSS JOIN LATERAL projection.totals_of_balance(ROW(
            e.tenant_id, e.user_id, e.balance, e.transaction_count,
            e.last_transaction_at
        )::public.user_balances_view) AS c
        WHERE true
        UNION ALL
        SELECT c.tenant_id, 0 AS users, c.bets_placed, c.bets_confirmed,
            c.bets_settled, c.bets_cancelled, c.staked, c.paid_out,
            c.gross_gaming_revenue, 0 AS deposits, 0 AS withdrawals,
            0 AS balances
        FROM bets_view AS e CROSS JOIN LATERAL projection.totals_of_bet(ROW(
            e.tenant_id, e.bet_id, e.user_id, e.stake, e.odds, e.fixture_id,
            e.status, e.result, e.payout, e.idempotency_key, e.created_at,
            e.last_updated_at
        )::public.bets_view) AS c
        WHERE true
        UNION ALL
        SELECT c.tenant_id, 0 AS users, 0 AS bets_placed, 0 AS bets_confirmed,
            0 AS bets_settled, 0 AS bets_cancelled, 0 AS staked,
            0 AS paid_out, 0 AS gross_gaming_revenue, c.deposits,
            c.withdrawals, 0 AS balances
        FROM payments_view AS e CROSS JOIN LATERAL projection.totals_of_payment(ROW(
            e.tenant_id, e.payment_id, e.user_id, e.type, e.amount, e.status,
            e.idempotency_key, e.created_at, e.last_updated_at
        )::public.payments_view) AS c
        WHERE true
        UNION ALL
        SELECT c.tenant_id, c.users, 0 AS bets_placed, 0 AS bets_confirmed,
            0 AS bets_settled, 0 AS bets_cancelled, 0 AS staked,
            0 AS paid_out, 0 AS gross_gaming_revenue, 0 AS deposits,
            0 AS withdrawals, 0 AS balances
        FROM user_activity_view AS e CROSS JOIN LATERAL projection.totals_of_user(ROW(
            e.tenant_id, e.user_id, e.bets, e.open_bets, e.staked, e.paid_out,
            e.net_result, e.deposits, e.withdrawals, e.first_activity_at,
            e.last_activity_at
        )::public.user_activity_view) AS c
        WHERE true
    ) AS s
    GROUP BY s.tenant_id;
END
$body$;

-- compiled: projection.tenant_totals_fold()
CREATE OR REPLACE FUNCTION projection.tenant_totals_fold()
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
