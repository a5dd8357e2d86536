SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.require_same_request(
    p_key text, p_stored_type text, p_sent_type text, p_stored jsonb, p_sent jsonb
)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_stored_type IS NULL THEN
        RAISE EXCEPTION 'idempotency key % was used by another transaction at the same moment',
            quote_literal(left(p_key, 100))
            USING ERRCODE = 'serialization_failure', HINT = 'Call again in a new transaction.';
    END IF;
    PERFORM projection.refuse(
        projection.request_difference(p_key, p_stored_type, p_sent_type, p_stored, p_sent)
    );
END
$$;

COMMENT ON FUNCTION projection.require_same_request(text, text, text, jsonb, jsonb) IS
'Refuses a call that repeats an idempotency key with another operation or other arguments, and names the argument. '
'p_stored_type and p_stored are what the event of the key holds, null where it cannot be seen yet; p_sent_type and '
'p_sent what the call sent. Numbers are compared by value. Migrations may rely on it. Null may be: p_stored_type, '
'p_stored. Errors: BL005 they differ, 40001 another transaction uses the key at this moment. Example: SELECT '
'projection.require_same_request(''key-1'', ''V1_BETS_BET_PLACED'', ''V1_BETS_BET_PLACED'', ''{"stake": 1}'', '
'''{"stake": 1.0}'').';

REVOKE ALL ON FUNCTION projection.require_same_request(text, text, text, jsonb, jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.require_same_request(text, text, text, jsonb, jsonb)
TO betledger_app, betledger_tenant, betledger_operator;
