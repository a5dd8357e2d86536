-- definition: projection.bet_of_event
CREATE OR REPLACE FUNCTION projection.bet_of_event(
    e public.bet_events
)
RETURNS TABLE(tenant_id bigint, bet_id text, user_id text, stake numeric,
    odds numeric, fixture_id text, status text, result text,
    payout numeric, idempotency_key text,
    created_at timestamp with time zone,
    last_updated_at timestamp with time zone)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT
    e.tenant_id,
    e.aggregate_id,
    e.event_data ->> 'user_id',
    (e.event_data ->> 'stake')::numeric,
    (e.event_data ->> 'odds')::numeric,
    e.event_data ->> 'fixture_id',
    projection.event_status(e.event_type),
    e.event_data ->> 'result',
    (e.event_data ->> 'payout')::numeric,
    e.metadata ->> 'idempotency_key',
    projection.event_time(e."timestamp"),
    projection.event_time(e."timestamp")
$body$;

-- rules: public.bets_view
SELECT projection.define(
    'public.bets_view',
    '{projection.bet_of_event}',
    p_position => 10,
    p_latest => '[
        {"by": "rank",
        "columns": ["status"]},
        {"of": ["V1_BETS_BET_PLACED"],
        "columns": ["user_id", "stake", "odds", "fixture_id", "idempotency_key"]},
        {"of": ["V1_BETS_BET_SETTLED", "V1_BETS_BET_SETTLEMENT_CORRECTED"],
        "columns": ["result", "payout"]}
    ]',
    p_lowest => '{created_at}',
    p_highest => '{last_updated_at}'
);

-- compiled: projection.bets_view_as_of(bigint,text,bigint,timestamp with time zone)
CREATE OR REPLACE FUNCTION projection.bets_view_as_of(
    p_tenant_id bigint, p_key text, p_at_ms bigint,
    p_known_at timestamp with time zone
)
RETURNS SETOF public.bets_view
LANGUAGE plpgsql STABLE
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
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
            WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_key
                AND e."timestamp" <= p_at_ms AND (p_known_at IS NULL OR e.stored_at <= p_known_at)
        ) AS s
        GROUP BY s.tenant_id, s.bet_id
    ) AS f;
END
$body$;

-- compiled: projection.bets_view_fold()
CREATE OR REPLACE FUNCTION projection.bets_view_fold()
RETURNS SETOF public.bets_view
LANGUAGE plpgsql STABLE
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
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
            WHERE true
        ) AS s
        GROUP BY s.tenant_id, s.bet_id
    ) AS f;
END
$body$;

-- compiled: projection.bets_view_refresh(bigint[],text[],public.bets_view[],boolean)
CREATE OR REPLACE FUNCTION projection.bets_view_refresh(
    p_tenant_ids bigint[], p_keys text[],
    p_new public.bets_view[] DEFAULT NULL::public.bets_view[],
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
    v_before public.bets_view[];
    v_after public.bets_view[];
    v_inserted public.bets_view[] := '{}';
BEGIN
    IF cardinality(p_keys) > 1 AND NOT p_is_attempt THEN
        -- Each attempt in a subtransaction: one that has missed a row gives back all its locks, to take them in order.
        LOOP
            BEGIN
                RETURN projection.bets_view_refresh(p_tenant_ids, p_keys, p_new, p_is_attempt => true);
            EXCEPTION WHEN SQLSTATE 'BL0AG' THEN
                p_new := NULL;
            END;
        END LOOP;
    END IF;
    -- For a few keys a plan that is kept, for many one that is made for them: the tables may have grown since.
    PERFORM set_config(
        'plan_cache_mode',
        CASE WHEN cardinality(p_keys) > 100 THEN 'force_custom_plan' ELSE 'force_generic_plan' END, true
    );
    IF p_new IS NOT NULL THEN
        -- Most new events begin streams, and no row has to be looked for. What is there already, is left for below.
        WITH inserted AS (
            INSERT INTO public.bets_view AS t (
                tenant_id, bet_id, user_id, stake, odds, fixture_id, status,
                    result, payout, idempotency_key, created_at, last_updated_at
            )
            SELECT n.tenant_id, n.bet_id, n.user_id, n.stake, n.odds, n.fixture_id,
                n.status, n.result, n.payout, n.idempotency_key, n.created_at,
                n.last_updated_at FROM unnest(p_new) AS n
            ORDER BY n.tenant_id, n.bet_id
            ON CONFLICT DO NOTHING
            RETURNING ROW(
                t.tenant_id, t.bet_id, t.user_id, t.stake, t.odds, t.fixture_id,
                t.status, t.result, t.payout, t.idempotency_key, t.created_at,
                t.last_updated_at
            )::public.bets_view AS row
        )
        SELECT coalesce(array_agg(i.row), '{}') INTO v_inserted FROM inserted AS i;
        SELECT coalesce(array_agg(n.tenant_id), '{}'), coalesce(array_agg(n.bet_id), '{}'), array_agg(n)
        INTO p_tenant_ids, p_keys, p_new
        FROM unnest(p_new) AS n
        WHERE cardinality(v_inserted) < cardinality(p_new) AND NOT EXISTS (
            SELECT FROM unnest(v_inserted) AS i WHERE i.tenant_id = n.tenant_id AND i.bet_id = n.bet_id
        );
    END IF;
    WHILE p_keys <> '{}' LOOP
        -- Lock first, look in a later statement: it then sees every event whose writer had the lock before.
        SELECT count(*) INTO v_locked FROM (
            SELECT FROM (
                SELECT DISTINCT u.tenant_id, u.key FROM unnest(p_tenant_ids, p_keys) AS u (tenant_id, key)
            ) AS k
            JOIN public.bets_view AS t ON t.tenant_id = k.tenant_id AND t.bet_id = k.key
            ORDER BY t.tenant_id, t.bet_id FOR NO KEY UPDATE OF t
        ) AS l;
        WITH given AS (
            SELECT DISTINCT ON (u.tenant_id, u.key) u.*
            FROM unnest(p_tenant_ids, p_keys, p_new) AS u (
                tenant_id, key,
                new_tenant_id, new_bet_id, new_user_id, new_stake, new_odds,
                    new_fixture_id, new_status, new_result, new_payout,
                    new_idempotency_key, new_created_at, new_last_updated_at
            )
            ORDER BY u.tenant_id, u.key
        ),
        -- Each key with its row as it is and as it is to be.
        work AS MATERIALIZED (
            SELECT g.tenant_id, g.key, o.was, CASE
                WHEN g.new_tenant_id IS NOT NULL
                AND (o.was IS NULL OR g.new_created_at > (o.was).last_updated_at)
                THEN ROW(
                g.tenant_id, g.key,
                CASE WHEN g.new_user_id IS NULL THEN (o.was).user_id ELSE g.new_user_id END,
                CASE WHEN g.new_user_id IS NULL THEN (o.was).stake ELSE g.new_stake END,
                CASE WHEN g.new_user_id IS NULL THEN (o.was).odds ELSE g.new_odds END,
                CASE WHEN g.new_user_id IS NULL THEN (o.was).fixture_id ELSE g.new_fixture_id END,
                CASE WHEN CASE (o.was).status
                WHEN 'placed'::text THEN 0
                WHEN 'confirmed'::text THEN 1
                WHEN 'cancelled'::text THEN 2
                WHEN 'settled'::text THEN 2
            END
                > CASE g.new_status
                WHEN 'placed'::text THEN 0
                WHEN 'confirmed'::text THEN 1
                WHEN 'cancelled'::text THEN 2
                WHEN 'settled'::text THEN 2
            END
                THEN (o.was).status ELSE g.new_status END,
                CASE WHEN g.new_result IS NULL THEN (o.was).result ELSE g.new_result END,
                CASE WHEN g.new_result IS NULL THEN (o.was).payout ELSE g.new_payout END,
                CASE WHEN g.new_user_id IS NULL THEN (o.was).idempotency_key ELSE g.new_idempotency_key END,
                least((o.was).created_at, g.new_created_at),
                greatest((o.was).last_updated_at, g.new_last_updated_at)
            )::public.bets_view
                ELSE f.row
            END AS will
            FROM given AS g
            LEFT JOIN LATERAL (
                SELECT ROW(
                    t.tenant_id, t.bet_id, t.user_id, t.stake, t.odds, t.fixture_id,
                    t.status, t.result, t.payout, t.idempotency_key, t.created_at,
                    t.last_updated_at
                )::public.bets_view AS was
                FROM public.bets_view AS t
                WHERE t.tenant_id = g.tenant_id AND t.bet_id = g.key OFFSET 0
            ) AS o ON true
            LEFT JOIN LATERAL (
                SELECT ROW(
                    f.tenant_id, f.bet_id, f.user_id, f.stake, f.odds, f.fixture_id,
                    f.status, f.result, f.payout, f.idempotency_key, f.created_at,
                    f.last_updated_at
                )::public.bets_view AS row FROM (
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
                            WHERE e.tenant_id = g.tenant_id AND e.aggregate_id = g.key
                                AND (
                                    g.new_tenant_id IS NOT NULL
                                AND (o.was IS NULL OR g.new_created_at > (o.was).last_updated_at)
                                ) IS NOT TRUE
                        ) AS s
                        GROUP BY s.tenant_id, s.bet_id
                    ) AS f
                ) AS f
            ) AS f ON true
        ),
        -- A row that was made after we had locked is not ours to change: its writers may be at it. Lock again.
        all_locked AS (SELECT count(w.was) = v_locked AS yes FROM work AS w),
        updated AS (
            UPDATE public.bets_view AS t SET (
                tenant_id, bet_id, user_id, stake, odds, fixture_id, status,
                    result, payout, idempotency_key, created_at, last_updated_at
            ) = ROW(
                (w.will).tenant_id, (w.will).bet_id, (w.will).user_id,
                    (w.will).stake, (w.will).odds, (w.will).fixture_id,
                    (w.will).status, (w.will).result, (w.will).payout,
                    (w.will).idempotency_key, (w.will).created_at,
                    (w.will).last_updated_at
            )
            FROM work AS w
            WHERE t.tenant_id = w.tenant_id AND t.bet_id = w.key AND w.was *<> w.will
                AND (SELECT a.yes FROM all_locked AS a)
            RETURNING w.was, w.will
        ),
        inserted AS (
            INSERT INTO public.bets_view AS t (
                tenant_id, bet_id, user_id, stake, odds, fixture_id, status,
                    result, payout, idempotency_key, created_at, last_updated_at
            )
            SELECT (w.will).tenant_id, (w.will).bet_id, (w.will).user_id,
                (w.will).stake, (w.will).odds, (w.will).fixture_id,
                (w.will).status, (w.will).result, (w.will).payout,
                (w.will).idempotency_key, (w.will).created_at,
                (w.will).last_updated_at FROM work AS w
            WHERE w.was IS NULL AND w.will IS DISTINCT FROM NULL AND (SELECT a.yes FROM all_locked AS a)
            ORDER BY w.tenant_id, w.key COLLATE "C"
            ON CONFLICT DO NOTHING
            RETURNING ROW(
                t.tenant_id, t.bet_id, t.user_id, t.stake, t.odds, t.fixture_id,
                t.status, t.result, t.payout, t.idempotency_key, t.created_at,
                t.last_updated_at
            )::public.bets_view AS will
        ),
        deleted AS (
            DELETE FROM public.bets_view AS t USING work AS w
            WHERE t.tenant_id = w.tenant_id AND t.bet_id = w.key AND w.will IS NOT DISTINCT FROM NULL
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
            RAISE EXCEPTION 'a row of public.bets_view was made at the same moment' USING ERRCODE = 'BL0AG';
        END IF;
        p_new := NULL;
    END LOOP;
    v_after := v_inserted || v_after;
    PERFORM projection.user_activity_view_add(
        ARRAY(
            SELECT ROW(
                c.tenant_id, c.user_id, c.bets, c.open_bets, c.staked, c.paid_out,
                c.net_result, 0, 0, c.first_activity_at, c.last_activity_at
            )::public.user_activity_view
            FROM unnest(v_after) AS r CROSS JOIN LATERAL projection.activity_of_bet(r) AS c
        ),
        ARRAY(
            SELECT ROW(
                c.tenant_id, c.user_id, c.bets, c.open_bets, c.staked, c.paid_out,
                c.net_result, 0, 0, c.first_activity_at, c.last_activity_at
            )::public.user_activity_view
            FROM unnest(v_before) AS r CROSS JOIN LATERAL projection.activity_of_bet(r) AS c
        )
    );
    PERFORM projection.tenant_totals_add(
        ARRAY(
            SELECT ROW(
                c.tenant_id, 1000 + pg_backend_pid() % 32, 0, c.bets_placed,
                c.bets_confirmed, c.bets_settled, c.bets_cancelled, c.staked,
                c.paid_out, c.gross_gaming_revenue, 0, 0, 0
            )::projection.tenant_totals
            FROM unnest(v_after) AS r CROSS JOIN LATERAL projection.totals_of_bet(r) AS c
        ),
        ARRAY(
            SELECT ROW(
                c.tenant_id, 1000 + pg_backend_pid() % 32, 0, c.bets_placed,
                c.bets_confirmed, c.bets_settled, c.bets_cancelled, c.staked,
                c.paid_out, c.gross_gaming_revenue, 0, 0, 0
            )::projection.tenant_totals
            FROM unnest(v_before) AS r CROSS JOIN LATERAL projection.totals_of_bet(r) AS c
        )
    );
    RETURN coalesce(v_changed, 0) + cardinality(v_inserted);
END
$body$;
