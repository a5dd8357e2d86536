SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.judge_step_items(
    p_tenant_id bigint,
    p_items projection.batch_item[],
    p_event_type text,
    p_known jsonb,
    p_asks_all boolean
)
RETURNS projection.batch_item[]
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    v_status text := projection.event_status(p_event_type);
    v_open text[] := CASE v_status WHEN 'confirmed' THEN '{placed}' ELSE '{placed,confirmed}' END;
    v_items projection.batch_item[];
    v_item integer;
BEGIN
    SELECT coalesce(array_agg(ROW(
        j.item, j.aggregate_id, j.user_id, j.idempotency_key, j.is_derived, j.event_id, j.sent, j.event_data,
        j.is_usual, j.amount, NULL, j.event_time, j.is_known,
        CASE
            WHEN j.early IS NOT NULL THEN j.early
            WHEN j.is_known THEN j.difference
            WHEN j.invalid IS NOT NULL THEN j.invalid
            WHEN j.final_type IS NOT NULL THEN
                projection.step_refusal(j.aggregate_id, j.final_type, p_event_type)
            ELSE j.late
        END,
        CASE
            WHEN j.early IS NOT NULL THEN 1
            WHEN j.is_known OR j.invalid IS NOT NULL OR j.final_type IS NOT NULL THEN 2
            WHEN j.late IS NOT NULL THEN 3
        END,
        j.batch
    )::projection.batch_item ORDER BY j.item), '{}')
    INTO v_items
    FROM (
        SELECT
            i.item, i.aggregate_id, b.user_id, i.idempotency_key, i.is_derived, i.event_id, i.sent, i.event_data,
            i.is_usual, i.amount, b.event_time, k.event_type IS NOT NULL AS is_known, k.batch,
            CASE
                WHEN i.judged_by = 1 THEN i.refusal
                WHEN b.user_id IS NULL THEN projection.unseen_refusal('bet', i.aggregate_id, p_tenant_id)
            END AS early,
            CASE WHEN k.event_type <> p_event_type OR k.aggregate_id <> i.aggregate_id
                OR k.event_data <> i.event_data
                THEN projection.request_difference(
                    i.idempotency_key, k.event_type, p_event_type,
                    '{"from_balance": false}' || k.event_data || jsonb_build_object('bet_id', k.aggregate_id),
                    i.sent
                )
            END AS difference,
            CASE WHEN i.judged_by = 2 THEN i.refusal END AS invalid,
            -- What is open has no such event; what is not, may have a status of a team's own.
            CASE WHEN p_asks_all OR b.status <> ALL (v_open) THEN (
                SELECT e.event_type FROM public.bet_events AS e
                WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = i.aggregate_id AND (
                    e.event_type = p_event_type OR projection.event_status(e.event_type) IN ('settled', 'cancelled')
                )
                ORDER BY e."timestamp" DESC, projection.event_order(e.event_type) DESC, e.id DESC LIMIT 1
            ) END AS final_type,
            CASE
                WHEN i.event_data ->> 'result' = 'void' AND i.amount <> b.stake
                    THEN projection.payout_refusal('void', i.amount, b.stake::text)
                WHEN p_asks_all THEN (
                    SELECT projection.moved_refusal(e.id, i.aggregate_id)
                    -- Computed first: behind the wall, no index is searched by what may tell what it sees.
                    FROM (
                        SELECT projection.event_id(
                            p_tenant_id, CASE v_status WHEN 'settled' THEN 'settle' ELSE 'cancel' END || ' balance',
                            i.aggregate_id
                        ) AS id
                        OFFSET 0
                    ) AS m
                    JOIN public.balance_events AS e ON e.tenant_id = p_tenant_id AND e.id = m.id
                    WHERE v_status = 'cancelled' OR i.amount > 0
                )
            END AS late
        FROM unnest(p_items) AS i
        LEFT JOIN LATERAL (
            SELECT
                t.user_id, t.stake, t.status,
                (extract(EPOCH FROM t.last_updated_at) * 1000)::bigint AS event_time
            FROM public.bets_view AS t
            WHERE t.tenant_id = p_tenant_id AND t.bet_id = i.aggregate_id
            OFFSET 0
        ) AS b ON true
        LEFT JOIN LATERAL (
            SELECT e.event_type, e.aggregate_id, e.event_data, e.metadata ->> 'batch' AS batch
            FROM public.bet_events AS e
            -- Who ends or confirms an open bet has a new key, as a rule: only its insert asks.
            WHERE (p_asks_all OR b.status <> ALL (v_open)) AND e.tenant_id = p_tenant_id AND e.id = i.event_id
            OFFSET 0
        ) AS n ON true
        CROSS JOIN LATERAL (
            SELECT CASE WHEN n.event_type IS NULL THEN p_known -> i.idempotency_key END AS event OFFSET 0
        ) AS m
        CROSS JOIN LATERAL (
            SELECT
                coalesce(n.event_type, m.event ->> 'event_type') AS event_type,
                coalesce(n.aggregate_id, m.event ->> 'aggregate_id') AS aggregate_id,
                coalesce(n.event_data, m.event -> 'event_data') AS event_data,
                coalesce(n.batch, m.event ->> 'batch') AS batch
        ) AS k
        OFFSET 0
    ) AS j;
    -- A balance event that is there already is met only where there is something to move.
    FOR v_item IN
        SELECT m.item
        FROM (
            SELECT array_agg(i.item) AS items, array_agg(i.user_id) AS user_ids, array_agg(i.aggregate_id) AS bet_ids
            FROM unnest(v_items) AS i
            WHERE i.judged_by = 3 AND (i.refusal).sqlstate = 'BL005'
        ) AS d
        CROSS JOIN LATERAL unnest(
            d.items, projection.moved_by(p_tenant_id, d.user_ids, 'bet_id', d.bet_ids)
        ) AS m (item, moved)
        WHERE coalesce(m.moved, 0) >= 0
    LOOP
        v_items[v_item].refusal := NULL;
        v_items[v_item].judged_by := NULL;
    END LOOP;
    RETURN v_items;
END
$$;

COMMENT ON FUNCTION projection.judge_step_items(bigint, projection.batch_item[], text, jsonb, boolean) IS
'The items of confirm_bets, settle_bets and cancel_bets, each as if it were alone: with the user of its bet and the '
'time of its last event, and whether its bet is there (BL002) and allows the step (BL003), or its key is known (a '
'duplicate, or BL005). What is open and has a new key is not looked up in the events unless p_asks_all. p_known: '
'projection.known_keys(), once there is a doubt. Reads only.';

REVOKE ALL ON FUNCTION projection.judge_step_items(bigint, projection.batch_item[], text, jsonb, boolean) FROM public;

GRANT EXECUTE ON FUNCTION projection.judge_step_items(bigint, projection.batch_item[], text, jsonb, boolean)
TO betledger_app, betledger_tenant;
