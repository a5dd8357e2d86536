-- requires: functions/requests/items_of_batch.sql
-- requires: functions/requests/number_of.sql
-- requires: functions/requests/number_sent.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.create_items(
    p_tenant_id bigint, p_items jsonb, p_key text, p_all_or_nothing boolean, p_operation text
)
RETURNS projection.batch_item[]
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    v_batch text := projection.require_batch(p_tenant_id, p_items, p_key);
    v_is_bet boolean := p_operation = 'place_bet';
    v_event_type text := CASE p_operation WHEN 'place_bet' THEN 'V1_BETS_BET_PLACED'
        WHEN 'deposit' THEN 'V1_PAYMENTS_DEPOSIT_CREATED' ELSE 'V1_PAYMENTS_WITHDRAWAL_CREATED' END;
    v_fields text[] := CASE WHEN v_is_bet THEN '{user_id,stake,odds,fixture_id,from_balance,idempotency_key}'
        ELSE '{user_id,amount,idempotency_key}' END;
    v_field text := CASE WHEN v_is_bet THEN 'bet_id' ELSE 'payment_id' END;
    -- Doubts that an attempt has left: the check found a bad event, or an id is there already.
    v_checks_all boolean := false;
    v_asks_all boolean := false;
    v_attempts integer := 0;
    v_lock_timeout text := current_setting('lock_timeout');
    v_known jsonb;
    v_sent projection.batch_item[];
    v_judged projection.batch_item[];
    v_items projection.batch_item[];
    v_again projection.batch_item[];
    v_moves projection.batch_item[];
    v_is_other boolean;
    v_now bigint;
    v_balance record;
    v_is_changed boolean;
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
        NULL, NULL, false, s.refusal, CASE WHEN s.refusal IS NOT NULL THEN 1 END
    )::projection.batch_item ORDER BY s.item), '{}')
    INTO v_sent
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

    v_sent := projection.check_items(p_tenant_id, v_sent, v_event_type, false);
    LOOP
        IF v_asks_all THEN
            v_known := projection.known_keys(
                p_tenant_id, CASE WHEN v_is_bet THEN 'public.bet_events' ELSE 'public.payment_events' END, ARRAY(
                    SELECT i.idempotency_key FROM unnest(v_sent) AS i WHERE i.idempotency_key IS NOT NULL
                )
            );
        END IF;
        SELECT
            coalesce(array_agg(ROW(
                j.item, CASE WHEN j.is_known THEN j.of ELSE j.aggregate_id END, j.user_id, j.idempotency_key,
                j.is_derived, j.event_id, j.sent, j.event_data, j.is_usual, j.amount, j.has, NULL, j.is_known,
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
                END
            )::projection.batch_item ORDER BY j.item), '{}'),
            bool_or(j.is_known AND j.is_derived AND j.batch <> v_batch)
        INTO v_judged, v_is_other
        FROM (
            SELECT
                i.*, CASE WHEN i.judged_by = 1 THEN i.refusal END AS early, k.aggregate_id AS of,
                k.event_type IS NOT NULL AS is_known, k.batch,
                CASE WHEN i.amount < 0 THEN coalesce((
                    SELECT b.balance FROM public.user_balances_view AS b
                    WHERE b.tenant_id = p_tenant_id AND b.user_id = i.user_id
                ), 0) END AS has,
                CASE WHEN k.event_type <> v_event_type OR CASE WHEN v_is_bet
                    THEN '{"from_balance": false}' || k.event_data ELSE k.event_data - 'payment_id' END <> i.sent
                    THEN projection.request_difference(
                        i.idempotency_key, k.event_type, v_event_type,
                        '{"from_balance": false}' || k.event_data || jsonb_build_object(v_field, k.aggregate_id),
                        i.sent
                    )
                END AS difference,
                CASE
                    WHEN i.judged_by = 2 THEN i.refusal
                    WHEN v_asks_all AND i.amount IS NOT NULL THEN (
                        SELECT projection.moved_refusal(e.id, i.aggregate_id) FROM public.balance_events AS e
                        WHERE e.tenant_id = p_tenant_id
                            AND e.id = projection.event_id(p_tenant_id, p_operation || ' balance', i.idempotency_key)
                    )
                END AS invalid
            FROM unnest(v_sent) AS i
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
                    THEN v_known -> i.idempotency_key END AS event
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
        v_items := projection.walk_items(v_judged, v_event_type);
        IF NOT v_asks_all AND EXISTS (SELECT FROM unnest(v_items) AS i WHERE i.refusal IS NOT NULL) THEN
            -- What is refused may have a key that is known, and is then answered by that.
            v_asks_all := true;
            CONTINUE;
        END IF;
        EXIT WHEN projection.items_to_store(v_items, p_key, v_is_other, p_all_or_nothing) = 0;
        BEGIN
            IF v_attempts > 0 THEN
                -- Who waited for what the attempt before had locked, waits for our whole transaction: so do not wait
                -- long for others, who may wait for them.
                PERFORM set_config('lock_timeout', '300ms', true);
            END IF;
            v_now := projection.current_ms();
            PERFORM FROM projection.store_items(p_tenant_id, v_items, v_event_type, v_now, v_batch);
            SELECT coalesce(array_agg(ROW(
                i.item, i.aggregate_id, i.user_id, NULL, NULL,
                projection.event_id(p_tenant_id, p_operation || ' balance', i.idempotency_key),
                NULL, NULL, NULL, abs(i.amount), NULL, v_now, NULL, NULL, NULL
            )::projection.batch_item), '{}')
            INTO v_moves
            FROM unnest(v_items) AS i
            WHERE NOT i.duplicate AND i.refusal IS NULL AND i.amount IS NOT NULL;
            PERFORM FROM projection.move_items(
                p_tenant_id, v_moves, CASE p_operation WHEN 'deposit' THEN 'V1_BALANCES_BALANCE_INCREASED'
                    ELSE 'V1_BALANCES_BALANCE_DECREASED' END, v_field
            );
            -- The trigger has locked the rows of the users: what is read now stays until we commit. Were it other
            -- items that can be paid from what was there before them, all begins again.
            v_is_changed := false;
            FOR v_balance IN
                SELECT s.item, s.balance FROM (
                    SELECT i.item, i.balance AS assumed, b.balance - sum(i.amount) FILTER (
                        WHERE NOT i.duplicate AND i.refusal IS NULL
                    ) OVER (PARTITION BY i.user_id COLLATE "C") AS balance
                    FROM unnest(v_items) AS i
                    JOIN public.user_balances_view AS b ON b.tenant_id = p_tenant_id AND b.user_id = i.user_id
                    WHERE i.amount < 0
                ) AS s
                WHERE s.balance <> s.assumed
            LOOP
                v_judged[v_balance.item].balance := v_balance.balance;
                v_is_changed := true;
            END LOOP;
            IF v_is_changed THEN
                v_again := projection.walk_items(v_judged, v_event_type);
                IF ARRAY(SELECT i.refusal IS NULL FROM unnest(v_again) AS i ORDER BY i.item)
                    <> ARRAY(SELECT i.refusal IS NULL FROM unnest(v_items) AS i ORDER BY i.item)
                THEN
                    RAISE EXCEPTION 'balances were changed at the same moment' USING ERRCODE = 'BL0AG';
                END IF;
                v_items := v_again;
            END IF;
            PERFORM set_config('lock_timeout', v_lock_timeout, true);
            EXIT;
        EXCEPTION
            WHEN unique_violation OR SQLSTATE 'BL0AG' THEN v_asks_all := true;
            WHEN lock_not_available THEN
                IF v_attempts = 0 THEN
                    RAISE;
                END IF;
                v_attempts := 10;
            WHEN SQLSTATE 'BL001' THEN
                IF v_checks_all THEN
                    RAISE;
                END IF;
                v_checks_all := true;
                v_sent := projection.check_items(p_tenant_id, v_sent, v_event_type, true);
        END;
        v_attempts := v_attempts + 1;
        PERFORM projection.refuse_busy(v_attempts);
    END LOOP;
    RETURN v_items;
END
$$;

COMMENT ON FUNCTION projection.create_items(bigint, jsonb, text, boolean, text) IS
'The items of place_bets, deposits and withdrawals, judged and stored as if each were a call of its own: looks first, '
'stores all in one statement for each event table, then looks whether the balances, which are locked now, were what '
'they seemed, and if other items could be paid takes all back and begins again. Errors: those of the first item that '
'is refused, with p_all_or_nothing; BL001 bad items, BL005 the key was used for another batch, BL006 foreign tenant.';

REVOKE ALL ON FUNCTION projection.create_items(bigint, jsonb, text, boolean, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.create_items(bigint, jsonb, text, boolean, text)
TO betledger_app, betledger_tenant;
