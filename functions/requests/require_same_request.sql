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
'Raises BL005 when a call repeats an idempotency key with another operation or other arguments; names the argument. '
'Numbers are compared by value.';

REVOKE ALL ON FUNCTION projection.require_same_request(text, text, text, jsonb, jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.require_same_request(text, text, text, jsonb, jsonb)
TO betledger_app, betledger_tenant, betledger_operator;
