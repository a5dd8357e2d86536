-- definition: projection.activity_of_bet
CREATE OR REPLACE FUNCTION projection.activity_of_bet(
    b public.bets_view
)
RETURNS TABLE(tenant_id bigint, user_id text, bets integer,
    open_bets integer, staked numeric, paid_out numeric,
    net_result numeric, first_activity_at timestamp with time zone,
    last_activity_at timestamp with time zone)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
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
$body$;

-- definition: projection.activity_of_payment
CREATE OR REPLACE FUNCTION projection.activity_of_payment(
    p public.payments_view
)
RETURNS TABLE(tenant_id bigint, user_id text, deposits numeric,
    withdrawals numeric, first_activity_at timestamp with time zone,
    last_activity_at timestamp with time zone)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
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
$body$;

-- rules: public.user_activity_view
SELECT projection.define(
    'public.user_activity_view',
    '{projection.activity_of_bet, projection.activity_of_payment}',
    p_position => 30,
    p_lowest => '{first_activity_at}',
    p_highest => '{last_activity_at}'
);

-- compiled: projection.user_activity_view_add(public.user_activity_view[],public.user_activity_view[])
CREATE OR REPLACE FUNCTION projection.user_activity_view_add(
    p_plus public.user_activity_view[],
    p_minus public.user_activity_view[]
)
RETURNS bigint
LANGUAGE plpgsql
SET enable_nestloop = 'off'
SET jit = 'off'
SET plan_cache_mode = 'auto'
AS $body$
DECLARE
    v_changed bigint;
    v_before public.user_activity_view[];
    v_after public.user_activity_view[];
    v_tenant_ids bigint[];
    v_keys text[];
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
            SELECT s.tenant_id, s.user_id, sum(s.sign * s.bets) AS bets,
                sum(s.sign * s.open_bets) AS open_bets,
                trim_scale(sum(s.sign * s.staked)) AS staked,
                trim_scale(sum(s.sign * s.paid_out)) AS paid_out,
                trim_scale(sum(s.sign * s.net_result)) AS net_result,
                trim_scale(sum(s.sign * s.deposits)) AS deposits,
                trim_scale(sum(s.sign * s.withdrawals)) AS withdrawals,
                coalesce(
                min(s.first_activity_at) FILTER (WHERE s.sign = 1), min(s.first_activity_at)
            ) AS first_activity_at,
                coalesce(
                max(s.last_activity_at) FILTER (WHERE s.sign = 1), max(s.last_activity_at)
            ) AS last_activity_at,
                sum(s.sign) < 0 OR
                min(s.first_activity_at) FILTER (WHERE s.sign = -1)
                    < min(s.first_activity_at) FILTER (WHERE s.sign = 1) OR
                max(s.last_activity_at) FILTER (WHERE s.sign = -1)
                    > max(s.last_activity_at) FILTER (WHERE s.sign = 1) AS is_stale
            FROM said AS s
            GROUP BY s.tenant_id, s.user_id
            HAVING sum(s.sign) <> 0 OR sum(s.sign * s.bets) <> 0 OR
                sum(s.sign * s.open_bets) <> 0 OR sum(s.sign * s.staked) <> 0 OR
                sum(s.sign * s.paid_out) <> 0 OR sum(s.sign * s.net_result) <> 0 OR
                sum(s.sign * s.deposits) <> 0 OR
                sum(s.sign * s.withdrawals) <> 0 OR
                min(s.first_activity_at) FILTER (WHERE s.sign = 1)
                    IS DISTINCT FROM min(s.first_activity_at) FILTER (WHERE s.sign = -1) OR
                max(s.last_activity_at) FILTER (WHERE s.sign = 1)
                    IS DISTINCT FROM max(s.last_activity_at) FILTER (WHERE s.sign = -1)
        ),
        changed AS (
            INSERT INTO public.user_activity_view AS t (
                tenant_id, user_id, bets, open_bets, staked, paid_out, net_result,
                    deposits, withdrawals, first_activity_at, last_activity_at
            )
            SELECT c.tenant_id, c.user_id, c.bets, c.open_bets, c.staked, c.paid_out,
                c.net_result, c.deposits, c.withdrawals, c.first_activity_at,
                c.last_activity_at FROM change AS c
            ORDER BY c.tenant_id, c.user_id
            ON CONFLICT (tenant_id, user_id) DO UPDATE
            SET bets = t.bets + excluded.bets,
                open_bets = t.open_bets + excluded.open_bets,
                staked = trim_scale(t.staked + excluded.staked),
                paid_out = trim_scale(t.paid_out + excluded.paid_out),
                net_result = trim_scale(t.net_result + excluded.net_result),
                deposits = trim_scale(t.deposits + excluded.deposits),
                withdrawals = trim_scale(t.withdrawals + excluded.withdrawals),
                first_activity_at = least(t.first_activity_at, excluded.first_activity_at),
                last_activity_at = greatest(t.last_activity_at, excluded.last_activity_at)
            RETURNING t.*, t.xmax = 0 AS is_new
        )
        SELECT count(*),
            NULL,
            array_agg(ROW(
            t.tenant_id, t.user_id, t.bets, t.open_bets, t.staked, t.paid_out,
            t.net_result, t.deposits, t.withdrawals, t.first_activity_at,
            t.last_activity_at
        )::public.user_activity_view)
            FILTER (WHERE t.is_new),
            (SELECT array_agg(c.tenant_id) FROM change AS c WHERE c.is_stale),
            (SELECT array_agg(c.user_id) FROM change AS c WHERE c.is_stale)
        INTO v_changed, v_before, v_after, v_tenant_ids, v_keys
        FROM changed AS t;
    EXCEPTION WHEN unique_violation THEN
        -- Only an index that is being built can say so: it is no part of what is in conflict.
        PERFORM projection.refuse_race('public.user_activity_view');
    END;
    PERFORM projection.tenant_totals_add(
        ARRAY(
            SELECT ROW(
                c.tenant_id, 3000 + pg_backend_pid() % 32, c.users, 0, 0, 0, 0, 0,
                0, 0, 0, 0, 0
            )::projection.tenant_totals
            FROM unnest(v_after) AS r CROSS JOIN LATERAL projection.totals_of_user(r) AS c
        ),
        ARRAY(
            SELECT ROW(
                c.tenant_id, 3000 + pg_backend_pid() % 32, c.users, 0, 0, 0, 0, 0,
                0, 0, 0, 0, 0
            )::projection.tenant_totals
            FROM unnest(v_before) AS r CROSS JOIN LATERAL projection.totals_of_user(r) AS c
        )
    );
    -- What was added can be taken back; that a value is the lowest or highest, or that there is a row at all, cannot.
    IF v_keys IS NOT NULL THEN
        PERFORM projection.user_activity_view_refresh(v_tenant_ids, v_keys);
    END IF;
    RETURN v_changed;
END
$body$;

-- compiled: projection.user_activity_view_fold()
CREATE OR REPLACE FUNCTION projection.user_activity_view_fold()
RETURNS SETOF public.user_activity_view
LANGUAGE plpgsql STABLE
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
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
        FROM public.bets_view AS e CROSS JOIN LATERAL projection.activity_of_bet(e) AS c
        WHERE true
        UNION ALL
        SELECT c.tenant_id, c.user_id, 0 AS bets, 0 AS open_bets, 0 AS staked,
            0 AS paid_out, 0 AS net_result, c.deposits, c.withdrawals,
            c.first_activity_at, c.last_activity_at
        FROM public.payments_view AS e CROSS JOIN LATERAL projection.activity_of_payment(e) AS c
        WHERE true
    ) AS s
    GROUP BY s.tenant_id, s.user_id;
END
$body$;

-- compiled: projection.user_activity_view_refresh(bigint[],text[],boolean)
CREATE OR REPLACE FUNCTION projection.user_activity_view_refresh(
    p_tenant_ids bigint[], p_keys text[],
    p_is_attempt boolean DEFAULT false
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = 'off'
SET jit = 'off'
SET plan_cache_mode = 'auto'
AS $body$
DECLARE
    v_locked bigint;
    v_missed boolean;
    v_changed bigint;
    v_before public.user_activity_view[];
    v_after public.user_activity_view[];
    v_inserted public.user_activity_view[] := '{}';
BEGIN
    IF cardinality(p_keys) > 1 AND NOT p_is_attempt THEN
        -- Each attempt in a subtransaction: one that has missed a row gives back all its locks, to take them in order.
        LOOP
            BEGIN
                RETURN projection.user_activity_view_refresh(p_tenant_ids, p_keys, p_is_attempt => true);
            EXCEPTION WHEN SQLSTATE 'BL0AG' THEN
            END;
        END LOOP;
    END IF;
    -- For a few keys a plan that is kept, for many one that is made for them: the tables may have grown since.
    PERFORM set_config(
        'plan_cache_mode',
        CASE WHEN cardinality(p_keys) > 100 THEN 'force_custom_plan' ELSE 'force_generic_plan' END, true
    );
    WHILE p_keys <> '{}' LOOP
        -- Lock first, look in a later statement: it then sees every event whose writer had the lock before.
        SELECT count(*) INTO v_locked FROM (
            SELECT FROM (
                SELECT DISTINCT u.tenant_id, u.key FROM unnest(p_tenant_ids, p_keys) AS u (tenant_id, key)
            ) AS k
            JOIN public.user_activity_view AS t ON t.tenant_id = k.tenant_id AND t.user_id = k.key
            ORDER BY t.tenant_id, t.user_id FOR NO KEY UPDATE OF t
        ) AS l;
        WITH given AS (
            SELECT DISTINCT u.tenant_id, u.key FROM unnest(p_tenant_ids, p_keys) AS u (tenant_id, key)
        ),
        -- Each key with its row as it is and as it is to be.
        work AS MATERIALIZED (
            SELECT g.tenant_id, g.key, o.was, f.row AS will
            FROM given AS g
            LEFT JOIN LATERAL (
                SELECT ROW(
                    t.tenant_id, t.user_id, t.bets, t.open_bets, t.staked, t.paid_out,
                    t.net_result, t.deposits, t.withdrawals, t.first_activity_at,
                    t.last_activity_at
                )::public.user_activity_view AS was
                FROM public.user_activity_view AS t
                WHERE t.tenant_id = g.tenant_id AND t.user_id = g.key OFFSET 0
            ) AS o ON true
            LEFT JOIN LATERAL (
                SELECT ROW(
                    f.tenant_id, f.user_id, f.bets, f.open_bets, f.staked, f.paid_out,
                    f.net_result, f.deposits, f.withdrawals, f.first_activity_at,
                    f.last_activity_at
                )::public.user_activity_view AS row FROM (
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
                        FROM public.bets_view AS e CROSS JOIN LATERAL projection.activity_of_bet(e) AS c
                        WHERE e.tenant_id = g.tenant_id AND e.user_id = g.key
                        UNION ALL
                        SELECT c.tenant_id, c.user_id, 0 AS bets, 0 AS open_bets, 0 AS staked,
                            0 AS paid_out, 0 AS net_result, c.deposits, c.withdrawals,
                            c.first_activity_at, c.last_activity_at
                        FROM public.payments_view AS e CROSS JOIN LATERAL projection.activity_of_payment(e) AS c
                        WHERE e.tenant_id = g.tenant_id AND e.user_id = g.key
                    ) AS s
                    GROUP BY s.tenant_id, s.user_id
                ) AS f
            ) AS f ON true
        ),
        -- A row that was made after we had locked is not ours to change: its writers may be at it. Lock again.
        all_locked AS (SELECT count(w.was) = v_locked AS yes FROM work AS w),
        updated AS (
            UPDATE public.user_activity_view AS t SET (
                tenant_id, user_id, bets, open_bets, staked, paid_out, net_result,
                    deposits, withdrawals, first_activity_at, last_activity_at
            ) = ROW(
                (w.will).tenant_id, (w.will).user_id, (w.will).bets,
                    (w.will).open_bets, (w.will).staked, (w.will).paid_out,
                    (w.will).net_result, (w.will).deposits, (w.will).withdrawals,
                    (w.will).first_activity_at, (w.will).last_activity_at
            )
            FROM work AS w
            WHERE t.tenant_id = w.tenant_id AND t.user_id = w.key AND w.was *<> w.will
                AND (SELECT a.yes FROM all_locked AS a)
            RETURNING w.was, w.will
        ),
        inserted AS (
            INSERT INTO public.user_activity_view AS t (
                tenant_id, user_id, bets, open_bets, staked, paid_out, net_result,
                    deposits, withdrawals, first_activity_at, last_activity_at
            )
            SELECT (w.will).tenant_id, (w.will).user_id, (w.will).bets,
                (w.will).open_bets, (w.will).staked, (w.will).paid_out,
                (w.will).net_result, (w.will).deposits, (w.will).withdrawals,
                (w.will).first_activity_at, (w.will).last_activity_at FROM work AS w
            WHERE w.was IS NULL AND w.will IS DISTINCT FROM NULL AND (SELECT a.yes FROM all_locked AS a)
            ORDER BY w.tenant_id, w.key COLLATE "C"
            ON CONFLICT DO NOTHING
            RETURNING ROW(
                t.tenant_id, t.user_id, t.bets, t.open_bets, t.staked, t.paid_out,
                t.net_result, t.deposits, t.withdrawals, t.first_activity_at,
                t.last_activity_at
            )::public.user_activity_view AS will
        ),
        deleted AS (
            DELETE FROM public.user_activity_view AS t USING work AS w
            WHERE t.tenant_id = w.tenant_id AND t.user_id = w.key AND w.will IS NOT DISTINCT FROM NULL
                AND (SELECT a.yes FROM all_locked AS a)
            RETURNING w.was
        )
        SELECT
            (SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted) + (SELECT count(*) FROM deleted),
            NOT (SELECT a.yes FROM all_locked AS a)
                OR (SELECT count(w.will) FROM work AS w WHERE w.was IS NULL) > (SELECT count(*) FROM inserted),
            ARRAY(SELECT u.was FROM updated AS u UNION ALL SELECT d.was FROM deleted AS d),
            ARRAY(SELECT u.will FROM updated AS u UNION ALL SELECT i.will FROM inserted AS i)
        INTO v_changed, v_missed, v_before, v_after;
        EXIT WHEN NOT v_missed;
        -- Missed: another transaction made a row after we had looked. Now there is something to lock.
        IF p_is_attempt THEN
            RAISE EXCEPTION 'a row of public.user_activity_view was made at the same moment' USING ERRCODE = 'BL0AG';
        END IF;
    END LOOP;
    v_after := v_inserted || v_after;
    PERFORM projection.tenant_totals_add(
        ARRAY(
            SELECT ROW(
                c.tenant_id, 3000 + pg_backend_pid() % 32, c.users, 0, 0, 0, 0, 0,
                0, 0, 0, 0, 0
            )::projection.tenant_totals
            FROM unnest(v_after) AS r CROSS JOIN LATERAL projection.totals_of_user(r) AS c
        ),
        ARRAY(
            SELECT ROW(
                c.tenant_id, 3000 + pg_backend_pid() % 32, c.users, 0, 0, 0, 0, 0,
                0, 0, 0, 0, 0
            )::projection.tenant_totals
            FROM unnest(v_before) AS r CROSS JOIN LATERAL projection.totals_of_user(r) AS c
        )
    );
    RETURN coalesce(v_changed, 0) + cardinality(v_inserted);
END
$body$;
