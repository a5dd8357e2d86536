SET LOCAL ROLE betledger_owner;

-- Inlined wherever it is called: no SET clause, not volatile.
CREATE OR REPLACE FUNCTION projection.payment_result(p_tenant_id bigint, p_payment_id text, p_duplicate boolean)
RETURNS SETOF public.payment_result
LANGUAGE sql STABLE
AS $$
SELECT
    p.tenant_id, p.payment_id, p.user_id, p.type, p.amount, p.status, p.idempotency_key, p.created_at,
    p.last_updated_at, coalesce(u.balance, 0), p_duplicate
FROM public.payments_view AS p
LEFT JOIN public.user_balances_view AS u ON u.tenant_id = p_tenant_id AND u.user_id = p.user_id
WHERE p.tenant_id = p_tenant_id AND p.payment_id = p_payment_id
$$;

COMMENT ON FUNCTION projection.payment_result(bigint, text, boolean) IS
'What a function that changes a payment gives. Example: SELECT r.* FROM '
'projection.payment_result(10001, ''payment-1'', false) AS r.';

REVOKE ALL ON FUNCTION projection.payment_result(bigint, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION projection.payment_result(bigint, text, boolean) TO betledger_app, betledger_tenant;
