SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.withdraw(p_tenant_id bigint, p_user_id text, p_amount numeric, p_idempotency_key text)
RETURNS public.payment_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_id uuid := projection.event_id(p_tenant_id, 'withdraw', p_idempotency_key);
    v_event_data jsonb := jsonb_build_object('user_id', p_user_id, 'amount', p_amount);
    v_payment_id text := 'payment-' || v_id;
    v_now bigint := projection.current_ms();
    v_metadata jsonb;
    v_known record;
BEGIN
    IF p_tenant_id IS NULL OR p_idempotency_key IS NULL THEN
        PERFORM projection.refuse_missing(p_tenant_id, p_idempotency_key);
    END IF;
    SELECT k.* INTO v_known FROM projection.is_payment_request_known(
        p_tenant_id, v_id, p_idempotency_key, 'V1_PAYMENTS_WITHDRAWAL_CREATED', v_event_data, false
    ) AS k;
    IF NOT v_known.is_known THEN
        v_metadata := jsonb_build_object('idempotency_key', p_idempotency_key);
        INSERT INTO public.payment_events (
            id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata
        )
        VALUES (
            v_id, p_tenant_id, v_payment_id, 'V1_PAYMENTS_WITHDRAWAL_CREATED',
            v_event_data || jsonb_build_object('payment_id', v_payment_id), v_now, 1, v_metadata
        )
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            RETURN projection.payment_result(p_tenant_id, v_payment_id, projection.change_balance(
                p_tenant_id, p_user_id, 'V1_BALANCES_BALANCE_DECREASED', p_amount, v_now, v_payment_id,
                projection.event_id(p_tenant_id, 'withdraw balance', p_idempotency_key),
                jsonb_build_object('payment_id', v_payment_id), v_metadata
            ), false);
        END IF;
        SELECT k.* INTO v_known FROM projection.is_payment_request_known(
            p_tenant_id, v_id, p_idempotency_key, 'V1_PAYMENTS_WITHDRAWAL_CREATED', v_event_data, true
        ) AS k;
    END IF;
    RETURN projection.payment_result(p_tenant_id, v_known.payment_id, NULL, true);
END
$$;

COMMENT ON FUNCTION public.withdraw(bigint, text, numeric, text) IS
'Withdraws money: it is taken from the balance of the user at once, and given back by fail_payment. Amount in the '
'currency of the tenant, above 0. Gives the row of payments_view and the new balance; duplicate is true when the key '
'was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL004 insufficient '
'funds, BL005 the key was used otherwise, BL006 foreign tenant. Example: SELECT * FROM public.withdraw(10001, '
'''user-1'', 100, ''key-3'').';

REVOKE ALL ON FUNCTION public.withdraw(bigint, text, numeric, text) FROM public;

GRANT EXECUTE ON FUNCTION public.withdraw(bigint, text, numeric, text) TO betledger_app, betledger_tenant;
