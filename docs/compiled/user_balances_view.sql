-- definition: projection.balance_of_event
CREATE OR REPLACE FUNCTION projection.balance_of_event(
    e public.balance_events
)
RETURNS TABLE(tenant_id bigint, user_id text, balance numeric,
    transaction_count integer,
    last_transaction_at timestamp with time zone)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT
    e.tenant_id,
    e.event_data ->> 'user_id',
    CASE projection.event_kind(e.event_type)
        WHEN 'credit' THEN (e.event_data ->> 'amount')::numeric
        WHEN 'debit' THEN -(e.event_data ->> 'amount')::numeric
    END,
    1,
    projection.event_time(e."timestamp")
$body$;

-- rules: public.user_balances_view
SELECT projection.define(
    'public.user_balances_view',
    '{projection.balance_of_event}',
    p_position => 40,
    p_highest => '{last_transaction_at}'
);

-- compiled: projection.user_balances_view_add(public.user_balances_view[],public.user_balances_view[])
CREATE OR REPLACE FUNCTION projection.user_balances_view_add(
    p_plus public.user_balances_view[],
    p_minus public.user_balances_view[]
)
RETURNS bigint
LANGUAGE plpgsql
SET enable_nestloop = 'off'
SET jit = 'off'
SET plan_cache_mode = 'auto'
AS $body$
DECLARE
    v_changed bigint;
    v_before public.user_balances_view[];
    v_after public.user_balances_view[];
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
            SELECT s.tenant_id, s.user_id,
                trim_scale(sum(s.sign * s.balance)) AS balance,
                sum(s.sign * s.transaction_count) AS transaction_count,
                coalesce(
                max(s.last_transaction_at) FILTER (WHERE s.sign = 1), max(s.last_transaction_at)
            ) AS last_transaction_at,
                sum(s.sign) < 0 OR
                max(s.last_transaction_at) FILTER (WHERE s.sign = -1)
                    > max(s.last_transaction_at) FILTER (WHERE s.sign = 1) AS is_stale
            FROM said AS s
            GROUP BY s.tenant_id, s.user_id
            HAVING sum(s.sign) <> 0 OR sum(s.sign * s.balance) <> 0 OR
                sum(s.sign * s.transaction_count) <> 0 OR
                max(s.last_transaction_at) FILTER (WHERE s.sign = 1)
                    IS DISTINCT FROM max(s.last_transaction_at) FILTER (WHERE s.sign = -1)
        ),
        changed AS (
            INSERT INTO public.user_balances_view AS t (
                tenant_id, user_id, balance, transaction_count,
                    last_transaction_at
            )
            SELECT c.tenant_id, c.user_id, c.balance, c.transaction_count,
                c.last_transaction_at FROM change AS c
            ORDER BY c.tenant_id, c.user_id
            ON CONFLICT (tenant_id, user_id) DO UPDATE
            SET balance = trim_scale(t.balance + excluded.balance),
                transaction_count = t.transaction_count + excluded.transaction_count,
                last_transaction_at = greatest(t.last_transaction_at, excluded.last_transaction_at)
            RETURNING t.*, t.xmax = 0 AS is_new
        )
        SELECT count(*),
            array_agg(ROW(
            t.tenant_id, t.user_id, t.balance - c.balance,
            t.transaction_count - c.transaction_count, t.last_transaction_at
        )::public.user_balances_view)
            FILTER (WHERE NOT t.is_new),
            array_agg(ROW(
            t.tenant_id, t.user_id, t.balance, t.transaction_count,
            t.last_transaction_at
        )::public.user_balances_view),
            (SELECT array_agg(c.tenant_id) FROM change AS c WHERE c.is_stale),
            (SELECT array_agg(c.user_id) FROM change AS c WHERE c.is_stale)
        INTO v_changed, v_before, v_after, v_tenant_ids, v_keys
        FROM changed AS t JOIN change AS c ON t.tenant_id = c.tenant_id AND t.user_id = c.user_id;
    EXCEPTION WHEN unique_violation THEN
        -- Only an index that is being built can say so: it is no part of what is in conflict.
        PERFORM projection.refuse_race('public.user_balances_view');
    END;
    PERFORM projection.tenant_totals_add(
        ARRAY(
            SELECT ROW(
                c.tenant_id, 4000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                0, 0, c.balances
            )::projection.tenant_totals
            FROM unnest(v_after) AS r CROSS JOIN LATERAL projection.totals_of_balance(r) AS c
        ),
        ARRAY(
            SELECT ROW(
                c.tenant_id, 4000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                0, 0, c.balances
            )::projection.tenant_totals
            FROM unnest(v_before) AS r CROSS JOIN LATERAL projection.totals_of_balance(r) AS c
        )
    );
    -- What was added can be taken back; that a value is the lowest or highest, or that there is a row at all, cannot.
    IF v_keys IS NOT NULL THEN
        PERFORM projection.user_balances_view_refresh(v_tenant_ids, v_keys);
    END IF;
    RETURN v_changed;
END
$body$;

-- compiled: projection.user_balances_view_as_of(bigint,text,bigint,timestamp with time zone)
CREATE OR REPLACE FUNCTION projection.user_balances_view_as_of(
    p_tenant_id bigint, p_key text, p_at_ms bigint,
    p_known_at timestamp with time zone
)
RETURNS SETOF public.user_balances_view
LANGUAGE plpgsql STABLE
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.tenant_id, s.user_id, trim_scale(sum(s.balance)) AS balance,
        sum(s.transaction_count)::integer AS transaction_count,
        max(s.last_transaction_at) AS last_transaction_at
    FROM (
        SELECT c.tenant_id, c.user_id, c.balance, c.transaction_count,
            c.last_transaction_at
        FROM public.balance_events AS e CROSS JOIN LATERAL projection.balance_of_event(e) AS c
        WHERE e.tenant_id = p_tenant_id AND ((e.event_data ->> 'user_id'::text) COLLATE "C") = p_key
            AND e."timestamp" <= p_at_ms AND (p_known_at IS NULL OR e.stored_at <= p_known_at)
    ) AS s
    GROUP BY s.tenant_id, s.user_id;
END
$body$;

-- compiled: projection.user_balances_view_fold()
CREATE OR REPLACE FUNCTION projection.user_balances_view_fold()
RETURNS SETOF public.user_balances_view
LANGUAGE plpgsql STABLE
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.tenant_id, s.user_id, trim_scale(sum(s.balance)) AS balance,
        sum(s.transaction_count)::integer AS transaction_count,
        max(s.last_transaction_at) AS last_transaction_at
    FROM (
        SELECT c.tenant_id, c.user_id, c.balance, c.transaction_count,
            c.last_transaction_at
        FROM public.balance_events AS e CROSS JOIN LATERAL projection.balance_of_event(e) AS c
        WHERE true
    ) AS s
    GROUP BY s.tenant_id, s.user_id;
END
$body$;

-- compiled: projection.user_balances_view_refresh(bigint[],text[],boolean)
CREATE OR REPLACE FUNCTION projection.user_balances_view_refresh(
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
    v_before public.user_balances_view[];
    v_after public.user_balances_view[];
    v_inserted public.user_balances_view[] := '{}';
BEGIN
    IF cardinality(p_keys) > 1 AND NOT p_is_attempt THEN
        -- Each attempt in a subtransaction: one that has missed a row gives back all its locks, to take them in order.
        LOOP
            BEGIN
                RETURN projection.user_balances_view_refresh(p_tenant_ids, p_keys, p_is_attempt => true);
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
            JOIN public.user_balances_view AS t ON t.tenant_id = k.tenant_id AND t.user_id = k.key
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
                    t.tenant_id, t.user_id, t.balance, t.transaction_count,
                    t.last_transaction_at
                )::public.user_balances_view AS was
                FROM public.user_balances_view AS t
                WHERE t.tenant_id = g.tenant_id AND t.user_id = g.key OFFSET 0
            ) AS o ON true
            LEFT JOIN LATERAL (
                SELECT ROW(
                    f.tenant_id, f.user_id, f.balance, f.transaction_count,
                    f.last_transaction_at
                )::public.user_balances_view AS row FROM (
                    SELECT s.tenant_id, s.user_id, trim_scale(sum(s.balance)) AS balance,
                        sum(s.transaction_count)::integer AS transaction_count,
                        max(s.last_transaction_at) AS last_transaction_at
                    FROM (
                        SELECT c.tenant_id, c.user_id, c.balance, c.transaction_count,
                            c.last_transaction_at
                        FROM public.balance_events AS e CROSS JOIN LATERAL projection.balance_of_event(e) AS c
                        WHERE e.tenant_id = g.tenant_id AND ((e.event_data ->> 'user_id'::text) COLLATE "C") = g.key
                    ) AS s
                    GROUP BY s.tenant_id, s.user_id
                ) AS f
            ) AS f ON true
        ),
        -- A row that was made after we had locked is not ours to change: its writers may be at it. Lock again.
        all_locked AS (SELECT count(w.was) = v_locked AS yes FROM work AS w),
        updated AS (
            UPDATE public.user_balances_view AS t SET (
                tenant_id, user_id, balance, transaction_count,
                    last_transaction_at
            ) = ROW(
                (w.will).tenant_id, (w.will).user_id, (w.will).balance,
                    (w.will).transaction_count, (w.will).last_transaction_at
            )
            FROM work AS w
            WHERE t.tenant_id = w.tenant_id AND t.user_id = w.key AND w.was *<> w.will
                AND (SELECT a.yes FROM all_locked AS a)
            RETURNING w.was, w.will
        ),
        inserted AS (
            INSERT INTO public.user_balances_view AS t (
                tenant_id, user_id, balance, transaction_count,
                    last_transaction_at
            )
            SELECT (w.will).tenant_id, (w.will).user_id, (w.will).balance,
                (w.will).transaction_count, (w.will).last_transaction_at FROM work AS w
            WHERE w.was IS NULL AND w.will IS DISTINCT FROM NULL AND (SELECT a.yes FROM all_locked AS a)
            ORDER BY w.tenant_id, w.key COLLATE "C"
            ON CONFLICT DO NOTHING
            RETURNING ROW(
                t.tenant_id, t.user_id, t.balance, t.transaction_count,
                t.last_transaction_at
            )::public.user_balances_view AS will
        ),
        deleted AS (
            DELETE FROM public.user_balances_view AS t USING work AS w
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
            RAISE EXCEPTION 'a row of public.user_balances_view was made at the same moment' USING ERRCODE = 'BL0AG';
        END IF;
    END LOOP;
    v_after := v_inserted || v_after;
    PERFORM projection.tenant_totals_add(
        ARRAY(
            SELECT ROW(
                c.tenant_id, 4000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                0, 0, c.balances
            )::projection.tenant_totals
            FROM unnest(v_after) AS r CROSS JOIN LATERAL projection.totals_of_balance(r) AS c
        ),
        ARRAY(
            SELECT ROW(
                c.tenant_id, 4000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                0, 0, c.balances
            )::projection.tenant_totals
            FROM unnest(v_before) AS r CROSS JOIN LATERAL projection.totals_of_balance(r) AS c
        )
    );
    RETURN coalesce(v_changed, 0) + cardinality(v_inserted);
END
$body$;
