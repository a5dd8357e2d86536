SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.deposit(
    p_tenant_id bigint, p_user_id text, p_amount numeric, p_idempotency_key text DEFAULT NULL
)
RETURNS public.payment_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
BEGIN
    RETURN projection.create_payment(
        p_tenant_id, p_user_id, p_amount, projection.key_of_call(p_idempotency_key), 'deposit',
        'V1_PAYMENTS_DEPOSIT_CREATED', 'V1_BALANCES_BALANCE_INCREASED'
    );
END
$$;

COMMENT ON FUNCTION public.deposit(bigint, text, numeric, text) IS
'Deposits money: the balance of the user is credited at once. Amount in the currency of the tenant, above 0. Gives '
'the row of payments_view and the new balance; duplicate is true when the key was used with the same arguments '
'before: then nothing is stored. Errors: BL001 bad argument, BL005 the key was used otherwise, BL006 foreign tenant, '
'BL008 suspended or closed tenant. Example: SELECT * FROM public.deposit(10001, ''user-1'', 100, ''key-2'').';

REVOKE ALL ON FUNCTION public.deposit(bigint, text, numeric, text) FROM public;

GRANT EXECUTE ON FUNCTION public.deposit(bigint, text, numeric, text) TO betledger_app, betledger_tenant;
