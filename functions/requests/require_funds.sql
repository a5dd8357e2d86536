SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.require_funds(p_tenant_id bigint, p_user_id text, p_amount numeric)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_balance numeric;
BEGIN
    -- The trigger of the event has locked the row of the user: what is read now stays until we commit.
    SELECT b.balance INTO v_balance FROM public.user_balances_view AS b
    WHERE b.tenant_id = p_tenant_id AND b.user_id = p_user_id;
    IF NOT FOUND THEN
        PERFORM projection.refuse_unseen('balance', p_user_id, p_tenant_id);
    ELSIF v_balance < 0 THEN
        RAISE EXCEPTION 'user % has %, which is less than %',
            quote_literal(p_user_id), v_balance + p_amount, p_amount
            USING ERRCODE = 'BL004',
            HINT = 'Deposit first, or ask for less. The same idempotency key may be sent again.';
    END IF;
END
$$;

COMMENT ON FUNCTION projection.require_funds(bigint, text, numeric) IS
'Raises BL004 when the balance of a user is below zero once the event that takes the amount is stored, and BL002 or '
'BL006 when it cannot be seen. Called by functions that pin search_path.';

REVOKE ALL ON FUNCTION projection.require_funds(bigint, text, numeric) FROM public;

GRANT EXECUTE ON FUNCTION projection.require_funds(bigint, text, numeric) TO betledger_app, betledger_tenant;
