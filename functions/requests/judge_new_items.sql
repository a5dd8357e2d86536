SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.judge_new_items(
    p_tenant_id bigint,
    p_items projection.batch_item[],
    p_operation text,
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
    v_is_bet boolean := p_operation = 'place_bet';
    v_field text := CASE WHEN v_is_bet THEN 'bet_id' ELSE 'payment_id' END;
    v_items projection.batch_item[];
BEGIN
    SELECT coalesce(array_agg(ROW(
        j.item, j.aggregate_id, j.user_id, j.idempotency_key, j.is_derived, j.event_id, j.sent, j.event_data,
        j.is_usual, j.amount, j.balance, NULL, j.is_known,
        CASE
            WHEN j.early IS NOT NULL THEN j.early
            WHEN j.is_known THEN j.difference
            WHEN j.idempotency_key IS NULL THEN ROW(
                'BL001', 'idempotency_key is null',
                'Send a key of 1 to 200 characters, new for each new operation.'
            )::projection.refusal
            ELSE j.invalid
        END,
        CASE
            WHEN j.early IS NOT NULL THEN 1
            WHEN j.is_known OR j.idempotency_key IS NULL OR j.invalid IS NOT NULL THEN 2
        END,
        j.batch
    )::projection.batch_item ORDER BY j.item), '{}')
    INTO v_items
    FROM (
        SELECT
            i.item, i.user_id, i.idempotency_key, i.is_derived, i.event_id, i.sent, i.event_data, i.is_usual, i.amount,
            k.event_type IS NOT NULL AS is_known, k.batch, coalesce(k.aggregate_id, i.aggregate_id) AS aggregate_id,
            CASE WHEN i.judged_by = 1 THEN i.refusal END AS early,
            CASE WHEN i.amount < 0 THEN coalesce((
                SELECT b.balance FROM public.user_balances_view AS b
                WHERE b.tenant_id = p_tenant_id AND b.user_id = i.user_id
            ), 0) END AS balance,
            CASE WHEN k.event_type <> p_event_type OR CASE WHEN v_is_bet
                THEN '{"from_balance": false}' || k.event_data ELSE k.event_data - 'payment_id' END <> i.sent
                THEN projection.request_difference(
                    i.idempotency_key, k.event_type, p_event_type,
                    '{"from_balance": false}' || k.event_data || jsonb_build_object(v_field, k.aggregate_id),
                    i.sent
                )
            END AS difference,
            CASE
                WHEN i.judged_by = 2 THEN i.refusal
                WHEN p_asks_all AND i.amount IS NOT NULL THEN (
                    SELECT projection.moved_refusal(e.id, i.aggregate_id)
                    -- Computed first: behind the wall, no index is searched by what may tell what it sees.
                    FROM (
                        SELECT projection.event_id(
                            p_tenant_id, p_operation || ' balance', i.idempotency_key
                        ) AS id
                        OFFSET 0
                    ) AS m
                    JOIN public.balance_events AS e ON e.tenant_id = p_tenant_id AND e.id = m.id
                )
            END AS invalid
        FROM unnest(p_items) AS i
        LEFT JOIN LATERAL (
            SELECT e.event_type, e.aggregate_id, e.event_data, e.metadata ->> 'batch' AS batch
            FROM public.bet_events AS e
            WHERE v_is_bet AND e.tenant_id = p_tenant_id AND e.id = i.event_id
            UNION ALL
            SELECT e.event_type, e.aggregate_id, e.event_data, e.metadata ->> 'batch'
            FROM public.payment_events AS e
            WHERE NOT v_is_bet AND e.tenant_id = p_tenant_id AND e.id = i.event_id
            OFFSET 0
        ) AS n ON true
        CROSS JOIN LATERAL (
            -- A user that is too long is refused before the key is met.
            SELECT CASE WHEN n.event_type IS NULL AND length(i.user_id) > 200 IS NOT TRUE
                THEN p_known -> i.idempotency_key END AS event
            OFFSET 0
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
    RETURN v_items;
END
$$;

COMMENT ON FUNCTION projection.judge_new_items(bigint, projection.batch_item[], text, text, jsonb, boolean) IS
'The items of place_bets, deposits and withdrawals, each as if it were alone: with the balance of its user, and '
'whether its key is known (a duplicate, or BL005). p_known: projection.known_keys(), once there is a doubt; '
'p_asks_all: look also for a balance event that is there already. Reads only.';

REVOKE ALL ON FUNCTION projection.judge_new_items(
    bigint, projection.batch_item[], text, text, jsonb, boolean
) FROM public;

GRANT EXECUTE ON FUNCTION projection.judge_new_items(bigint, projection.batch_item[], text, text, jsonb, boolean)
TO betledger_app, betledger_tenant;
