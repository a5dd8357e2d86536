SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.withdraw(p_tenant_id bigint, p_user_id text, p_amount numeric, p_idempotency_key text)
RETURNS TABLE (
    tenant_id bigint, payment_id text, user_id text, type text, amount numeric, status text, idempotency_key text, created_at timestamptz, last_updated_at timestamptz, balance numeric, duplicate boolean
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_id uuid := projection.event_id(p_tenant_id, 'withdraw', p_idempotency_key);
    v_payment_id text := 'payment-' || v_id;
    v_now bigint := projection.current_ms();
    v_event_data jsonb := jsonb_build_object('user_id', p_user_id, 'amount', p_amount);
    v_metadata jsonb := jsonb_build_object('idempotency_key', p_idempotency_key);
    v_stored record;
    v_duplicate boolean;
BEGIN
    IF p_tenant_id IS NULL THEN
        PERFORM projection.require_tenant(p_tenant_id);
    END IF;
    IF p_idempotency_key IS NULL THEN
        PERFORM projection.refuse_argument('idempotency_key', NULL, 'Send a key of 1 to 200 characters, new for each new operation.');
    END IF;
    INSERT INTO public.payment_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
    VALUES (
        v_id, p_tenant_id, v_payment_id, 'V1_PAYMENTS_WITHDRAWAL_CREATED',
        v_event_data || jsonb_build_object('payment_id', v_payment_id), v_now, 1, v_metadata
    )
    ON CONFLICT DO NOTHING;
    v_duplicate := NOT FOUND;
    IF v_duplicate THEN
        SELECT s.* INTO v_stored FROM projection.payment_event_of_request(p_tenant_id, v_id, p_idempotency_key) AS s;
        PERFORM projection.require_same_request(
            p_idempotency_key, v_stored.event_type, 'V1_PAYMENTS_WITHDRAWAL_CREATED', v_stored.event_data, v_event_data
        );
        v_payment_id := v_stored.aggregate_id;
    ELSE
        PERFORM projection.change_balance(
            p_tenant_id, p_user_id, 'DECREASED', p_amount, v_now, v_payment_id,
            projection.event_id(p_tenant_id, 'withdraw balance', p_idempotency_key),
            jsonb_build_object('payment_id', v_payment_id), v_metadata
        );
    END IF;
    RETURN QUERY
    SELECT p.tenant_id, p.payment_id, p.user_id, p.type, p.amount, p.status, p.idempotency_key, p.created_at, p.last_updated_at,
        coalesce(
            (SELECT u.balance FROM public.user_balances_view AS u WHERE u.tenant_id = p_tenant_id AND u.user_id = p.user_id), 0
        ), v_duplicate
    FROM public.payments_view AS p WHERE p.tenant_id = p_tenant_id AND p.payment_id = v_payment_id;
END
$$;

COMMENT ON FUNCTION public.withdraw(bigint, text, numeric, text) IS
'Withdraws money: it is taken from the balance of the user at once, and given back by fail_payment. Amount in the currency of the tenant, above 0. Gives the row of payments_view and the new balance; duplicate is true when the key was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL004 insufficient funds, BL005 the key was used otherwise, BL006 foreign tenant. Example: SELECT * FROM public.withdraw(10001, ''user-1'', 100, ''key-3'').';

REVOKE ALL ON FUNCTION public.withdraw(bigint, text, numeric, text) FROM public;

GRANT EXECUTE ON FUNCTION public.withdraw(bigint, text, numeric, text) TO betledger_app, betledger_tenant;
