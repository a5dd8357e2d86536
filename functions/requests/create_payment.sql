SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.create_payment(
    p_tenant_id bigint, p_user_id text, p_amount numeric, p_idempotency_key text, p_operation text,
    p_event_type text, p_balance_type text
)
RETURNS public.payment_result
LANGUAGE plpgsql
AS $$
DECLARE
    v_event_data jsonb := jsonb_build_object('user_id', p_user_id, 'amount', p_amount);
    v_id uuid;
    v_payment_id text;
    v_now bigint;
    v_type text;
    v_stored jsonb;
BEGIN
    v_id := projection.event_id(p_tenant_id, p_operation, p_idempotency_key);
    -- Not by the key: behind row-level security no index is searched by an expression that may tell what it sees.
    SELECT e.aggregate_id, e.event_type, e.event_data - 'payment_id' INTO v_payment_id, v_type, v_stored
    FROM public.payment_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.id = v_id;
    IF NOT FOUND THEN
        IF v_id IS NULL THEN
            PERFORM projection.refuse_missing(p_tenant_id, p_idempotency_key);
        END IF;
        v_payment_id := 'payment-' || v_id;
        v_now := projection.current_ms();
        INSERT INTO public.payment_events (
            id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata
        )
        VALUES (
            v_id, p_tenant_id, v_payment_id, p_event_type,
            v_event_data || jsonb_build_object('payment_id', v_payment_id), v_now, 1,
            jsonb_build_object('idempotency_key', p_idempotency_key)
        )
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            PERFORM projection.change_balance(
                p_tenant_id, p_user_id, p_balance_type, p_amount, v_now, v_payment_id,
                projection.event_id(p_tenant_id, p_operation || ' balance', p_idempotency_key),
                jsonb_build_object('payment_id', v_payment_id)
            );
            RETURN projection.payment_result(p_tenant_id, v_payment_id, false);
        END IF;
    END IF;
    -- The call is known, by its id or, where a client has inserted the event, by its key. Is it the same?
    IF v_type IS DISTINCT FROM p_event_type OR v_stored IS DISTINCT FROM v_event_data THEN
        v_payment_id := projection.payment_of_request(
            p_tenant_id, v_id, p_idempotency_key, p_event_type, v_event_data
        );
    END IF;
    RETURN projection.payment_result(p_tenant_id, v_payment_id, true);
END
$$;

COMMENT ON FUNCTION projection.create_payment(bigint, text, numeric, text, text, text, text) IS
'Stores a payment and the balance event that belongs to it, for deposit and withdraw. Errors: BL001 bad argument, '
'BL004 insufficient funds, BL005 the key was used otherwise, BL006 foreign tenant; each undoes the whole call. '
'Called by functions that pin search_path.';

REVOKE ALL ON FUNCTION projection.create_payment(bigint, text, numeric, text, text, text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.create_payment(bigint, text, numeric, text, text, text, text)
TO betledger_app, betledger_tenant;
