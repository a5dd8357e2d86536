SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.append_to_payment(
    p_tenant_id bigint, p_payment_id text, p_status text, p_event_data jsonb, p_idempotency_key text,
    OUT duplicate boolean, OUT user_id text, OUT created_ms bigint, OUT event_time bigint, OUT event_id uuid
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_event_type text;
    v_event record;
    v_was text;
    v_is_completed boolean := false;
    v_place bigint;
    v_number bigint;
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    SELECT
        CASE p.type || ' ' || p_status
            WHEN 'deposit completed' THEN 'V1_PAYMENTS_DEPOSIT_COMPLETED'
            WHEN 'deposit failed' THEN 'V1_PAYMENTS_DEPOSIT_FAILED'
            WHEN 'deposit reversed' THEN 'V1_PAYMENTS_DEPOSIT_REVERSED'
            WHEN 'withdrawal completed' THEN 'V1_PAYMENTS_WITHDRAWAL_COMPLETED'
            WHEN 'withdrawal failed' THEN 'V1_PAYMENTS_WITHDRAWAL_FAILED'
            WHEN 'withdrawal reversed' THEN 'V1_PAYMENTS_WITHDRAWAL_REVERSED'
        END,
        p.user_id, extract(EPOCH FROM p.created_at) * 1000, extract(EPOCH FROM p.last_updated_at) * 1000
    INTO v_event_type, user_id, created_ms, event_time
    FROM public.payments_view AS p
    WHERE p.tenant_id = p_tenant_id AND p.payment_id = p_payment_id AND p.user_id IS NOT NULL;
    IF NOT FOUND THEN
        PERFORM projection.refuse_unseen('payment', p_payment_id, p_tenant_id);
    END IF;
    -- Never before the last event, even if the clock was set back: the new event is to fold last.
    event_time := greatest(projection.current_ms(), event_time);
    event_id := coalesce(projection.event_id(p_tenant_id, p_status, p_idempotency_key), gen_random_uuid());

    INSERT INTO public.payment_events (
        id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata
    )
    VALUES (
        event_id, p_tenant_id, p_payment_id, v_event_type,
        CASE WHEN p_event_data -> 'reason' = 'null' THEN p_event_data - 'reason' ELSE p_event_data END, event_time, 1,
        CASE WHEN p_idempotency_key IS NULL THEN '{}' ELSE jsonb_build_object('idempotency_key', p_idempotency_key) END
    )
    ON CONFLICT DO NOTHING
    RETURNING feed_position, feed_number INTO v_place, v_number;
    duplicate := v_place IS NULL;
    IF duplicate THEN
        PERFORM projection.payment_of_request(
            p_tenant_id, event_id, p_idempotency_key, v_event_type,
            '{"allow_negative": false}' || p_event_data || jsonb_build_object('payment_id', p_payment_id)
        );
        RETURN;
    END IF;

    -- The trigger has locked the payment: the events seen now are all there are before ours.
    FOR v_event IN
        SELECT e.event_type, e."timestamp", e.feed_position, e.feed_number
        FROM public.payment_events AS e
        WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_payment_id AND e.id <> event_id
        ORDER BY e."timestamp" DESC, projection.event_order(e.event_type) DESC
    LOOP
        -- By what the types say, as the read table: there may be another version of one, and types that say nothing.
        v_was := projection.event_status(v_event.event_type);
        CONTINUE WHEN v_was IS NULL;
        v_is_completed := v_is_completed OR v_was = 'completed';
        IF v_was <> 'created' AND NOT (v_was = 'completed' AND p_status = 'reversed') THEN
            RAISE EXCEPTION 'payment % is %: it cannot be %', quote_literal(left(p_payment_id, 100)), v_was, p_status
                USING ERRCODE = 'BL003',
                HINT = 'Only a created payment can be completed or failed, and only a completed one reversed.';
        END IF;
        -- Stored while we waited for the lock: later by its time, or behind us in the feed.
        IF v_event."timestamp" > event_time
            OR (v_event.feed_position, v_event.feed_number) > (v_place, v_number)
        THEN
            RAISE EXCEPTION 'payment % was changed at the same moment', quote_literal(left(p_payment_id, 100))
                USING ERRCODE = 'serialization_failure', HINT = 'Call again.';
        END IF;
    END LOOP;
    IF p_status = 'reversed' AND NOT v_is_completed THEN
        RAISE EXCEPTION 'payment % is created: it cannot be reversed', quote_literal(left(p_payment_id, 100))
            USING ERRCODE = 'BL003', HINT = 'Only a completed payment can be reversed; one that is created, failed.';
    END IF;
END
$$;

COMMENT ON FUNCTION projection.append_to_payment(bigint, text, text, jsonb, text) IS
'Stores an event of a payment that exists for complete_payment, fail_payment and reverse_payment: insert first (its '
'trigger locks the payment), then judge. Errors: BL002 no such payment, BL003 forbidden transition, BL005 the key was '
'used otherwise, BL006 foreign tenant; each undoes the whole call.';

REVOKE ALL ON FUNCTION projection.append_to_payment(bigint, text, text, jsonb, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.append_to_payment(bigint, text, text, jsonb, text)
TO betledger_app, betledger_tenant, betledger_operator;
