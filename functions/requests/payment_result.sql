SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.payment_result(p_tenant_id bigint, p_payment_id text, p_duplicate boolean)
RETURNS public.payment_result
LANGUAGE plpgsql
AS $$
DECLARE
    v_result public.payment_result;
BEGIN
    SELECT
        p.tenant_id, p.payment_id, p.user_id, p.type, p.amount, p.status, p.idempotency_key, p.created_at,
        p.last_updated_at, coalesce(u.balance, 0), p_duplicate
    INTO v_result
    FROM public.payments_view AS p
    LEFT JOIN public.user_balances_view AS u ON u.tenant_id = p_tenant_id AND u.user_id = p.user_id
    WHERE p.tenant_id = p_tenant_id AND p.payment_id = p_payment_id;
    IF NOT FOUND THEN
        PERFORM projection.refuse_unseen('payment', p_payment_id, p_tenant_id);
    END IF;
    RETURN v_result;
END
$$;

COMMENT ON FUNCTION projection.payment_result(bigint, text, boolean) IS
'What a function that changes a payment gives. Called by functions that pin search_path. Errors: BL002 no such '
'payment, BL006 foreign tenant.';

REVOKE ALL ON FUNCTION projection.payment_result(bigint, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION projection.payment_result(bigint, text, boolean)
TO betledger_app, betledger_tenant, betledger_operator;
