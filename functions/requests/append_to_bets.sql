-- requires: functions/requests/items_of_batch.sql
-- requires: functions/requests/number_of.sql
-- requires: functions/requests/number_sent.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.append_to_bets(
    p_tenant_id bigint, p_items jsonb, p_key text, p_all_or_nothing boolean, p_event_type text
)
RETURNS projection.batch_item[]
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    v_batch text := projection.require_batch(p_tenant_id, p_items, p_key);
    v_status text := projection.event_status(p_event_type);
    v_open text[] := CASE v_status WHEN 'confirmed' THEN '{placed}' ELSE '{placed,confirmed}' END;
    v_fields text[] := CASE v_status
        WHEN 'settled' THEN '{bet_id,result,payout,idempotency_key}'
        WHEN 'cancelled' THEN '{bet_id,reason,idempotency_key}'
        ELSE '{bet_id,idempotency_key}'
    END;
    -- Doubts that an attempt has left: the check found a bad event, or a key or an id is there already.
    v_checks_all boolean := false;
    v_asks_all boolean := false;
    v_attempts integer := 0;
    v_lock_timeout text := current_setting('lock_timeout');
    v_known jsonb;
    v_sent projection.batch_item[];
    v_items projection.batch_item[];
    v_moves projection.batch_item[];
    v_item integer;
    v_is_other boolean;
    v_now bigint;
BEGIN
    SELECT coalesce(array_agg(ROW(
        s.item, s.bet_id, NULL, s.key, s.is_derived,
        coalesce(projection.event_id(p_tenant_id, v_status, s.key), gen_random_uuid()),
        s.data || jsonb_build_object('bet_id', s.bet_id),
        CASE WHEN s.data -> 'reason' = 'null' THEN s.data - 'reason' ELSE s.data END,
        coalesce(length(s.key) BETWEEN 1 AND 200, true) AND CASE v_status
            WHEN 'settled' THEN s.data ->> 'result' IN ('win', 'loss', 'void')
                AND s.payout >= 0 AND s.payout < 1e20 AND scale(s.payout) <= 18
            WHEN 'cancelled' THEN jsonb_typeof(s.data -> 'reason') = 'null'
            ELSE true
        END,
        s.payout, NULL, NULL, false,
        s.refusal, CASE WHEN s.refusal IS NOT NULL THEN 1 END
    )::projection.batch_item ORDER BY s.item), '{}')
    INTO v_sent
    FROM (
        SELECT
            i.item, i.key, i.is_derived, i.value ->> 'bet_id' AS bet_id, d.data, d.payout,
            CASE
                WHEN i.refusal IS NOT NULL THEN i.refusal
                WHEN jsonb_typeof(i.value -> 'bet_id') NOT IN ('string', 'null') THEN ROW(
                    'BL001', 'bet_id is ' || left(i.value ->> 'bet_id', 100), 'Send the id of a bet, a string.'
                )::projection.refusal
                WHEN d.data ->> 'result' = 'loss' AND d.payout <> 0 OR d.data ->> 'result' = 'win' AND d.payout = 0
                    THEN projection.payout_refusal(d.data ->> 'result', d.payout, NULL)
            END AS refusal
        FROM projection.items_of_batch(p_items, p_key, v_fields) AS i
        CROSS JOIN LATERAL (
            SELECT
                CASE v_status
                    WHEN 'settled' THEN jsonb_build_object(
                        'result', i.value -> 'result', 'payout', projection.number_sent(i.value -> 'payout')
                    )
                    WHEN 'cancelled' THEN jsonb_build_object('reason', i.value -> 'reason')
                    ELSE '{}'
                END AS data,
                projection.number_of(i.value -> 'payout') AS payout
            OFFSET 0
        ) AS d
        OFFSET 0
    ) AS s;

    v_sent := projection.check_items(p_tenant_id, v_sent, p_event_type, false);
    LOOP
        IF v_asks_all THEN
            v_known := projection.known_keys(
                p_tenant_id, 'public.bet_events', ARRAY(
                    SELECT i.idempotency_key FROM unnest(v_sent) AS i WHERE i.idempotency_key IS NOT NULL
                )
            );
        END IF;
        SELECT
            coalesce(array_agg(ROW(
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
                END
            )::projection.batch_item ORDER BY j.item), '{}'),
            bool_or(j.is_known AND j.is_derived AND j.batch <> v_batch)
        INTO v_items, v_is_other
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
                CASE WHEN v_asks_all OR b.status <> ALL (v_open) THEN (
                    SELECT e.event_type FROM public.bet_events AS e
                    WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = i.aggregate_id AND (
                        e.event_type = p_event_type OR projection.event_status(e.event_type) IN ('settled', 'cancelled')
                    )
                    ORDER BY e."timestamp" DESC, projection.event_order(e.event_type) DESC, e.id DESC LIMIT 1
                ) END AS final_type,
                CASE
                    WHEN i.event_data ->> 'result' = 'void' AND i.amount <> b.stake
                        THEN projection.payout_refusal('void', i.amount, b.stake::text)
                    WHEN v_asks_all THEN (
                        SELECT projection.moved_refusal(e.id, i.aggregate_id) FROM public.balance_events AS e
                        WHERE e.tenant_id = p_tenant_id AND e.id = projection.event_id(
                            p_tenant_id, CASE v_status WHEN 'settled' THEN 'settle' ELSE 'cancel' END || ' balance',
                            i.aggregate_id
                        )
                            AND (v_status = 'cancelled' OR i.amount > 0)
                    )
                END AS late
            FROM unnest(v_sent) AS i
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
                WHERE (v_asks_all OR b.status <> ALL (v_open)) AND e.tenant_id = p_tenant_id AND e.id = i.event_id
                OFFSET 0
            ) AS n ON true
            CROSS JOIN LATERAL (
                SELECT CASE WHEN n.event_type IS NULL THEN v_known -> i.idempotency_key END AS event OFFSET 0
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
            SELECT i.item FROM unnest(v_items) AS i
            WHERE i.judged_by = 3 AND (i.refusal).sqlstate = 'BL005'
                AND coalesce(projection.moved_by(p_tenant_id, i.user_id, 'bet_id', i.aggregate_id), 0) >= 0
        LOOP
            v_items[v_item].refusal := NULL;
            v_items[v_item].judged_by := NULL;
        END LOOP;
        v_items := projection.walk_items(v_items, p_event_type);
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
            PERFORM FROM projection.store_items(p_tenant_id, v_items, p_event_type, v_now, v_batch);
            -- The trigger has locked the bets: the events seen now are all there are before ours.
            PERFORM FROM unnest(v_items) AS i
            CROSS JOIN LATERAL (
                SELECT FROM public.bet_events AS e
                WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = i.aggregate_id AND e.id <> i.event_id
                    AND (
                        e.event_type = p_event_type OR projection.event_status(e.event_type) IN ('settled', 'cancelled')
                        OR projection.event_status(e.event_type) IS NOT NULL
                        AND e."timestamp" > greatest(v_now, i.event_time)
                    )
                LIMIT 1
            ) AS e
            WHERE NOT i.duplicate AND i.refusal IS NULL;
            IF FOUND THEN
                RAISE EXCEPTION 'bets were changed at the same moment' USING ERRCODE = 'BL0AG';
            END IF;
            IF v_status <> 'confirmed' THEN
                SELECT coalesce(array_agg(ROW(
                    i.item, i.aggregate_id, i.user_id, NULL, NULL,
                    projection.event_id(
                        p_tenant_id, CASE v_status WHEN 'settled' THEN 'settle' ELSE 'cancel' END || ' balance',
                        i.aggregate_id
                    ), NULL, NULL, NULL, coalesce(i.amount, -m.moved), NULL, greatest(v_now, i.event_time),
                    NULL, NULL, NULL
                )::projection.batch_item), '{}')
                INTO v_moves
                FROM unnest(v_items) AS i
                CROSS JOIN LATERAL (
                    SELECT projection.moved_by(p_tenant_id, i.user_id, 'bet_id', i.aggregate_id) AS moved OFFSET 0
                ) AS m
                WHERE NOT i.duplicate AND i.refusal IS NULL AND (v_status = 'cancelled' OR i.amount > 0)
                    AND m.moved < 0;
                PERFORM FROM projection.move_items(p_tenant_id, v_moves, 'V1_BALANCES_BALANCE_INCREASED', 'bet_id');
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
                v_sent := projection.check_items(p_tenant_id, v_sent, p_event_type, true);
        END;
        v_attempts := v_attempts + 1;
        PERFORM projection.refuse_busy(v_attempts);
    END LOOP;
    RETURN v_items;
END
$$;

COMMENT ON FUNCTION projection.append_to_bets(bigint, jsonb, text, boolean, text) IS
'The items of confirm_bets, settle_bets and cancel_bets, judged and stored as if each were a call of its own: looks '
'first, stores all in one statement (its trigger locks the bets in their order), then looks whether anything came in '
'between, and if so takes all back and begins again. Errors: those of the first item that is refused, with '
'p_all_or_nothing; BL001 bad items, BL005 the key was used for another batch, BL006 foreign tenant.';

REVOKE ALL ON FUNCTION projection.append_to_bets(bigint, jsonb, text, boolean, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.append_to_bets(bigint, jsonb, text, boolean, text)
TO betledger_app, betledger_tenant;
