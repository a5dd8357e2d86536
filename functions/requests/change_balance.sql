SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.change_balance(
    p_tenant_id bigint, p_user_id text, p_event_type text, p_amount numeric, p_timestamp bigint, p_related_to text,
    p_id uuid, p_event_data jsonb, p_allow_negative boolean DEFAULT false
)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_balance numeric;
BEGIN
    INSERT INTO public.balance_events (
        id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata
    )
    VALUES (
        p_id, p_tenant_id, 'balance-' || p_user_id, p_event_type,
        jsonb_build_object('user_id', p_user_id, 'amount', p_amount) || p_event_data, p_timestamp, 1,
        jsonb_build_object('related_to', p_related_to)
    )
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        PERFORM projection.refuse(projection.moved_refusal(p_id, p_related_to));
    END IF;
    IF p_event_type = 'V1_BALANCES_BALANCE_DECREASED' AND p_allow_negative IS NOT TRUE THEN
        -- The trigger of the event has locked the row of the user: what is read now stays until we commit.
        SELECT b.balance INTO v_balance FROM public.user_balances_view AS b
        WHERE b.tenant_id = p_tenant_id AND b.user_id = p_user_id;
        IF NOT FOUND THEN
            PERFORM projection.refuse_unseen('balance', p_user_id, p_tenant_id);
        ELSIF v_balance < 0 THEN
            PERFORM projection.refuse(projection.funds_refusal(p_user_id, v_balance, p_amount));
        END IF;
    END IF;
END
$$;

COMMENT ON FUNCTION projection.change_balance(bigint, text, text, numeric, bigint, text, uuid, jsonb, boolean) IS
'Stores a balance event for a function; it has no key of its own, since the call has one. Errors: BL004 insufficient '
'funds, unless the balance may fall below zero, BL005 the id that is made from the key is there already; either undoes '
'the whole call. Called by functions that pin search_path.';

REVOKE ALL ON FUNCTION projection.change_balance(bigint, text, text, numeric, bigint, text, uuid, jsonb, boolean)
FROM public;

GRANT EXECUTE ON FUNCTION projection.change_balance(bigint, text, text, numeric, bigint, text, uuid, jsonb, boolean)
TO betledger_app, betledger_tenant, betledger_operator;
