-- requires: functions/requests/items_of_batch.sql
-- requires: functions/requests/number_of.sql
-- requires: functions/requests/number_sent.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.read_new_items(
    p_tenant_id bigint, p_items jsonb, p_key text, p_operation text
)
RETURNS projection.batch_item[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    v_is_bet boolean := p_operation = 'place_bet';
    v_fields text[] := CASE WHEN v_is_bet THEN '{user_id,stake,odds,fixture_id,from_balance,idempotency_key}'
        ELSE '{user_id,amount,idempotency_key}' END;
    v_items projection.batch_item[];
BEGIN
    SELECT coalesce(array_agg(ROW(
        s.item, s.aggregate_id, s.data ->> 'user_id', s.key, s.is_derived, s.event_id, s.data,
        CASE
            WHEN NOT v_is_bet THEN s.data || jsonb_build_object('payment_id', s.aggregate_id)
            WHEN s.data -> 'from_balance' = 'false' THEN s.data - 'from_balance'
            ELSE s.data
        END,
        length(s.key) BETWEEN 1 AND 200
            AND jsonb_typeof(s.data -> 'user_id') = 'string' AND length(s.data ->> 'user_id') BETWEEN 1 AND 200
            AND s.amount > 0 AND s.amount < 1e20 AND scale(s.amount) <= 18
            AND (
                NOT v_is_bet
                OR jsonb_typeof(s.data -> 'fixture_id') = 'string' AND length(s.data ->> 'fixture_id') BETWEEN 1 AND 200
                AND s.odds >= 1 AND s.odds < 1e20 AND scale(s.odds) <= 18
                AND jsonb_typeof(s.data -> 'from_balance') = 'boolean'
            ),
        CASE
            WHEN p_operation = 'deposit' THEN s.amount
            WHEN NOT v_is_bet OR s.data -> 'from_balance' = 'true' THEN -s.amount
        END,
        NULL, NULL, false, s.refusal, CASE WHEN s.refusal IS NOT NULL THEN 1 END, NULL
    )::projection.batch_item ORDER BY s.item), '{}')
    INTO v_items
    FROM (
        SELECT
            i.item, i.key, i.is_derived, i.refusal, e.id AS event_id,
            CASE WHEN v_is_bet THEN 'bet-' ELSE 'payment-' END || e.id AS aggregate_id,
            CASE WHEN v_is_bet THEN jsonb_build_object(
                'user_id', i.value -> 'user_id', 'stake', projection.number_sent(i.value -> 'stake'),
                'odds', projection.number_sent(i.value -> 'odds'), 'fixture_id', i.value -> 'fixture_id',
                'from_balance', coalesce(nullif(i.value -> 'from_balance', 'null'), 'false')
            )
            ELSE jsonb_build_object(
                'user_id', i.value -> 'user_id', 'amount', projection.number_sent(i.value -> 'amount')
            ) END AS data,
            projection.number_of(i.value -> CASE WHEN v_is_bet THEN 'stake' ELSE 'amount' END) AS amount,
            projection.number_of(i.value -> 'odds') AS odds
        FROM projection.items_of_batch(p_items, p_key, v_fields) AS i
        CROSS JOIN LATERAL (SELECT projection.event_id(p_tenant_id, p_operation, i.key) AS id OFFSET 0) AS e
        OFFSET 0
    ) AS s;
    RETURN v_items;
END
$$;

COMMENT ON FUNCTION projection.read_new_items(bigint, jsonb, text, text) IS
'The items of place_bets, deposits and withdrawals as they were sent: what each asks for, its event, what it adds to '
'the balance, and whether it is refused whatever is stored. Touches no table. Example: SELECT * FROM '
'unnest(projection.read_new_items(10001, ''[{"user_id": "user-1", "amount": 100}]'', ''key-1'', ''deposit'')).';

REVOKE ALL ON FUNCTION projection.read_new_items(bigint, jsonb, text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.read_new_items(bigint, jsonb, text, text) TO betledger_app, betledger_tenant;
