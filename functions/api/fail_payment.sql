SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.fail_payment(
    p_tenant_id bigint, p_payment_id text, p_reason text DEFAULT NULL, p_idempotency_key text DEFAULT NULL
)
RETURNS public.payment_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_event record;
    v_moved numeric;
BEGIN
    p_idempotency_key := projection.key_of_call(p_idempotency_key);
    SELECT a.* INTO v_event FROM projection.append_to_payment(
        p_tenant_id, p_payment_id, 'failed', jsonb_build_object('reason', p_reason), p_idempotency_key
    ) AS a;
    IF NOT v_event.duplicate THEN
        v_moved := (projection.moved_by(p_tenant_id, ARRAY[v_event.user_id], 'payment_id', ARRAY[p_payment_id]))[1];
        IF v_moved <> 0 THEN
            PERFORM projection.change_balance(
                p_tenant_id, v_event.user_id,
                CASE WHEN v_moved > 0 THEN 'V1_BALANCES_BALANCE_DECREASED'
                    ELSE 'V1_BALANCES_BALANCE_INCREASED' END,
                abs(v_moved), v_event.event_time, p_payment_id,
                projection.event_id(p_tenant_id, 'fail balance', p_payment_id),
                jsonb_build_object('payment_id', p_payment_id)
            );
        END IF;
    END IF;
    RETURN projection.payment_result(p_tenant_id, p_payment_id, v_event.duplicate);
END
$$;

COMMENT ON FUNCTION public.fail_payment(bigint, text, text, text) IS
'Marks a created deposit or withdrawal as failed and takes back what it did to the balance. Gives the row of '
'payments_view and the balance; duplicate is true when the key was used with the same arguments before. Errors: BL001 '
'bad argument, BL002 no such payment, BL003 forbidden transition, BL004 the money of a failed deposit is spent, BL005 '
'the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant. Example: SELECT * FROM '
'public.fail_payment(10001, ''payment-1'', ''card declined'').';

REVOKE ALL ON FUNCTION public.fail_payment(bigint, text, text, text) FROM public;

GRANT EXECUTE ON FUNCTION public.fail_payment(bigint, text, text, text) TO betledger_app, betledger_tenant;
