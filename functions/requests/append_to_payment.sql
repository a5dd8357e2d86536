SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.append_to_payment(
    p_tenant_id bigint, p_payment_id text, p_status text, p_event_data jsonb, p_idempotency_key text,
    OUT duplicate boolean, OUT user_id text, OUT created_ms bigint, OUT event_time bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_event_type text;
    v_event_id uuid;
    v_event record;
    v_was text;
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    SELECT
        CASE p.type || ' ' || p_status
            WHEN 'deposit completed' THEN 'V1_PAYMENTS_DEPOSIT_COMPLETED'
            WHEN 'deposit failed' THEN 'V1_PAYMENTS_DEPOSIT_FAILED'
            WHEN 'withdrawal completed' THEN 'V1_PAYMENTS_WITHDRAWAL_COMPLETED'
            WHEN 'withdrawal failed' THEN 'V1_PAYMENTS_WITHDRAWAL_FAILED'
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
    v_event_id := coalesce(projection.event_id(p_tenant_id, p_status, p_idempotency_key), gen_random_uuid());

    INSERT INTO public.payment_events (
        id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata
    )
    VALUES (
        v_event_id, p_tenant_id, p_payment_id, v_event_type,
        CASE WHEN p_event_data -> 'reason' = 'null' THEN p_event_data - 'reason' ELSE p_event_data END, event_time, 1,
        CASE WHEN p_idempotency_key IS NULL THEN '{}' ELSE jsonb_build_object('idempotency_key', p_idempotency_key) END
    )
    ON CONFLICT DO NOTHING;
    duplicate := NOT FOUND;
    IF duplicate THEN
        PERFORM projection.payment_of_request(
            p_tenant_id, v_event_id, p_idempotency_key, v_event_type,
            p_event_data || jsonb_build_object('payment_id', p_payment_id)
        );
        RETURN;
    END IF;

    -- The trigger has locked the payment: the events seen now are all there are before ours.
    FOR v_event IN
        SELECT e.event_type, e."timestamp"
        FROM public.payment_events AS e
        WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_payment_id AND e.id <> v_event_id
    LOOP
        v_was := projection.event_status(v_event.event_type);
        CONTINUE WHEN v_was IS NULL;
        IF v_was <> 'created' THEN
            RAISE EXCEPTION 'payment % is %: it cannot be %', quote_literal(left(p_payment_id, 100)), v_was, p_status
                USING ERRCODE = 'BL003', HINT = 'Only a created payment can be completed or failed.';
        END IF;
        IF v_event."timestamp" > event_time THEN
            RAISE EXCEPTION 'payment % was changed at the same moment', quote_literal(left(p_payment_id, 100))
                USING ERRCODE = 'serialization_failure', HINT = 'Call again.';
        END IF;
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.append_to_payment(bigint, text, text, jsonb, text) IS
'Stores an event of a payment that exists for complete_payment and fail_payment: insert first (its trigger locks the '
'payment), then judge. Errors: BL002 no such payment, BL003 forbidden transition, BL005 the key was used otherwise, '
'BL006 foreign tenant; each undoes the whole call.';

REVOKE ALL ON FUNCTION projection.append_to_payment(bigint, text, text, jsonb, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.append_to_payment(bigint, text, text, jsonb, text)
TO betledger_app, betledger_tenant;
