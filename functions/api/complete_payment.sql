SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.complete_payment(
    p_tenant_id bigint, p_payment_id text, p_idempotency_key text DEFAULT NULL
)
RETURNS public.payment_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_event record;
BEGIN
    p_idempotency_key := projection.key_of_call(p_idempotency_key);
    SELECT a.* INTO v_event FROM projection.append_to_payment(
        p_tenant_id, p_payment_id, 'completed', '{}', p_idempotency_key
    ) AS a;
    RETURN projection.payment_result(p_tenant_id, p_payment_id, v_event.duplicate);
END
$$;

COMMENT ON FUNCTION public.complete_payment(bigint, text, text) IS
'Marks a created deposit or withdrawal as completed; the balance has changed already when it was created. Gives the '
'row of payments_view and the balance; duplicate is true when the key was used with the same arguments before. '
'Errors: BL001 bad argument, BL002 no such payment, BL003 forbidden transition, BL005 the key was used otherwise, '
'BL006 foreign tenant, BL008 suspended or closed tenant. Example: SELECT * FROM public.complete_payment(10001, '
'''payment-1'').';

REVOKE ALL ON FUNCTION public.complete_payment(bigint, text, text) FROM public;

GRANT EXECUTE ON FUNCTION public.complete_payment(bigint, text, text) TO betledger_app, betledger_tenant;
