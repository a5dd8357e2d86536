SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.reverse_payment(
    p_tenant_id bigint, p_payment_id text, p_reason text DEFAULT NULL, p_idempotency_key text DEFAULT NULL,
    p_allow_negative boolean DEFAULT false
)
RETURNS public.payment_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_allowed jsonb := CASE WHEN p_allow_negative THEN '{"allow_negative": true}' ELSE '{}' END;
    v_event record;
    v_moved numeric;
BEGIN
    p_idempotency_key := projection.key_of_call(p_idempotency_key);
    PERFORM projection.require_trusted(p_allow_negative);
    SELECT a.* INTO v_event FROM projection.append_to_payment(
        p_tenant_id, p_payment_id, 'reversed', jsonb_build_object('reason', p_reason) || v_allowed, p_idempotency_key
    ) AS a;
    IF NOT v_event.duplicate THEN
        v_moved := (projection.moved_by(p_tenant_id, ARRAY[v_event.user_id], 'payment_id', ARRAY[p_payment_id]))[1];
        IF v_moved <> 0 THEN
            PERFORM projection.change_balance(
                p_tenant_id, v_event.user_id,
                CASE WHEN v_moved > 0 THEN 'V1_BALANCES_BALANCE_DECREASED'
                    ELSE 'V1_BALANCES_BALANCE_INCREASED' END,
                abs(v_moved), v_event.event_time, p_payment_id,
                projection.event_id(p_tenant_id, 'reverse balance', p_payment_id),
                jsonb_build_object('payment_id', p_payment_id, 'correction_id', v_event.event_id) || v_allowed,
                p_allow_negative
            );
        END IF;
    END IF;
    RETURN projection.payment_result(p_tenant_id, p_payment_id, v_event.duplicate);
END
$$;

COMMENT ON FUNCTION public.reverse_payment(bigint, text, text, text, boolean) IS
'Reverses a completed payment: a deposit that is charged back is taken from the balance, with p_allow_negative even '
'below zero, and then nothing else is taken from it until it is covered; a withdrawal that comes back goes to it. '
'Gives the row of payments_view and the balance; duplicate is true when the key was used with the same arguments '
'before. Errors: BL001 bad argument, BL002 no such payment, BL003 not completed, BL004 the money of the deposit is '
'spent, BL005 the key was used otherwise, BL006 foreign tenant, 42501 p_allow_negative by neither betledger_app nor '
'betledger_operator. Example: SELECT * FROM public.reverse_payment(10001, ''payment-1'', ''chargeback'').';

REVOKE ALL ON FUNCTION public.reverse_payment(bigint, text, text, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION public.reverse_payment(bigint, text, text, text, boolean)
TO betledger_app, betledger_tenant, betledger_operator;
