SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.append_to_payment(
    p_tenant_id bigint, p_payment_id text, p_kind text, p_event_data jsonb, p_idempotency_key text,
    OUT duplicate boolean, OUT user_id text, OUT created_ms bigint, OUT event_time bigint, OUT event_id uuid
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_event_type text;
    v_stored record;
    v_seen record;
    v_last bigint;
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    SELECT
        'V1_PAYMENTS_' || upper(p.type) || '_' || p_kind, p.user_id,
        extract(EPOCH FROM p.created_at) * 1000, extract(EPOCH FROM p.last_updated_at) * 1000
    INTO v_event_type, user_id, created_ms, v_last
    FROM public.payments_view AS p
    WHERE p.tenant_id = p_tenant_id AND p.payment_id = p_payment_id AND p.user_id IS NOT NULL;
    IF v_last IS NULL THEN
        RAISE EXCEPTION 'payment % of tenant % does not exist', coalesce(quote_literal(p_payment_id), 'null'), p_tenant_id
            USING ERRCODE = 'BL002', HINT = 'Send the payment_id that deposit or withdraw gave, and the tenant that it was made with.';
    END IF;
    -- Never before the last event, even if the clock was set back: the new event is to fold last.
    event_time := greatest(projection.current_ms(), v_last);
    event_id := coalesce(projection.event_id(p_tenant_id, lower(p_kind), p_idempotency_key), gen_random_uuid());

    INSERT INTO public.payment_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
    VALUES (
        event_id, p_tenant_id, p_payment_id, v_event_type, CASE WHEN p_event_data -> 'reason' = 'null' THEN p_event_data - 'reason' ELSE p_event_data END, event_time, 1,
        '{}'::jsonb || CASE WHEN p_idempotency_key IS NULL THEN '{}' ELSE jsonb_build_object('idempotency_key', p_idempotency_key) END
    )
    ON CONFLICT DO NOTHING;
    duplicate := NOT FOUND;
    IF duplicate THEN
        SELECT s.* INTO v_stored FROM projection.payment_event_of_request(p_tenant_id, event_id, p_idempotency_key) AS s;
        PERFORM projection.require_same_request(
            p_idempotency_key, v_stored.event_type, v_event_type,
            v_stored.event_data || jsonb_build_object('payment_id', v_stored.aggregate_id),
            p_event_data || jsonb_build_object('payment_id', p_payment_id)
        );
        RETURN;
    END IF;

    -- The trigger has locked the payment: the events seen now are all there are before ours.
    SELECT
        max(lower(split_part(e.event_type, '_', 4))) FILTER (WHERE projection.event_rank(e.event_type) = '2') AS final,
        max(e."timestamp") AS last
    INTO v_seen
    FROM public.payment_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_payment_id AND e.id <> append_to_payment.event_id;
    IF v_seen.final IS NOT NULL THEN
        RAISE EXCEPTION 'payment % is %: it cannot be %', quote_literal(p_payment_id), v_seen.final, lower(p_kind)
            USING ERRCODE = 'BL003', HINT = 'Only a created payment can be completed or failed.';
    END IF;
    IF v_seen.last > event_time THEN
        RAISE EXCEPTION 'payment % was changed at the same moment', quote_literal(p_payment_id)
            USING ERRCODE = 'serialization_failure', HINT = 'Call again.';
    END IF;
END
$$;

COMMENT ON FUNCTION projection.append_to_payment(bigint, text, text, jsonb, text) IS
'Stores an event of a payment that exists for complete_payment and fail_payment: insert first (its trigger locks the payment), then judge. Errors: BL002 no such payment, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant; each undoes the whole call.';

REVOKE ALL ON FUNCTION projection.append_to_payment(bigint, text, text, jsonb, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.append_to_payment(bigint, text, text, jsonb, text) TO betledger_app, betledger_tenant;
