SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.payment_of_request(
    p_tenant_id bigint, p_id uuid, p_key text, p_event_type text, p_sent jsonb, OUT payment_id text
)
LANGUAGE plpgsql
AS $$
DECLARE
    v_type text;
    v_data jsonb;
BEGIN
    -- By the id that a function makes from the key.
    SELECT e.aggregate_id, e.event_type, e.event_data INTO payment_id, v_type, v_data
    FROM public.payment_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.id = p_id;
    IF NOT FOUND THEN
        -- By the key, which a client may have inserted itself.
        SELECT e.aggregate_id, e.event_type, e.event_data INTO payment_id, v_type, v_data
        FROM public.payment_events AS e
        WHERE e.tenant_id = p_tenant_id AND e.metadata ->> 'idempotency_key' = p_key;
    END IF;
    PERFORM projection.require_same_request(
        p_key, v_type, p_event_type,
        '{"allow_negative": false}' || v_data || jsonb_build_object('payment_id', payment_id), p_sent
    );
END
$$;

COMMENT ON FUNCTION projection.payment_of_request(bigint, uuid, text, text, jsonb) IS
'The payment of an earlier request with the same idempotency key, once an insert has met the key. Called by functions '
'that pin search_path. Errors: BL005 the key was used otherwise, 40001 by a transaction that is not visible yet.';

REVOKE ALL ON FUNCTION projection.payment_of_request(bigint, uuid, text, text, jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.payment_of_request(bigint, uuid, text, text, jsonb)
TO betledger_app, betledger_tenant, betledger_operator;
