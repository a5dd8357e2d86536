SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.require_same_request(
    p_key text, p_stored_type text, p_sent_type text, p_stored jsonb, p_sent jsonb
)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_argument record;
BEGIN
    IF p_stored_type IS NULL THEN
        RAISE EXCEPTION 'idempotency key % was used by another transaction at the same moment',
            quote_literal(left(p_key, 100))
            USING ERRCODE = 'serialization_failure', HINT = 'Call again in a new transaction.';
    END IF;
    IF p_stored_type <> p_sent_type THEN
        RAISE EXCEPTION 'idempotency key % was used for %, not for %',
            quote_literal(left(p_key, 100)), p_stored_type, p_sent_type
            USING ERRCODE = 'BL005', HINT = 'Send a new key with each new operation.';
    END IF;
    FOR v_argument IN
        SELECT s.key AS name, s.value AS sent, coalesce(p_stored -> s.key, 'null') AS stored
        FROM jsonb_each(p_sent) AS s ORDER BY s.key
    LOOP
        -- 1 is 1.0, and the string "1" that a client may have inserted is 1, too.
        CONTINUE WHEN v_argument.sent = v_argument.stored
            OR jsonb_typeof(v_argument.sent) = 'number' AND jsonb_typeof(v_argument.stored) = 'string'
            AND CASE WHEN v_argument.stored #>> '{}' ~ '^[0-9]+(\.[0-9]+)?$'
                THEN (v_argument.stored #>> '{}')::numeric = (v_argument.sent #>> '{}')::numeric ELSE false END;
        RAISE EXCEPTION 'idempotency key % was used with % %, now it is %',
            quote_literal(left(p_key, 100)), v_argument.name, left(v_argument.stored::text, 100),
            left(v_argument.sent::text, 100)
            USING ERRCODE = 'BL005', HINT = 'Repeat a call with the same arguments, or send a new key.';
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.require_same_request(text, text, text, jsonb, jsonb) IS
'Raises BL005 when a call repeats an idempotency key with another operation or other arguments; names the argument. '
'Numbers are compared by value.';

REVOKE ALL ON FUNCTION projection.require_same_request(text, text, text, jsonb, jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.require_same_request(text, text, text, jsonb, jsonb)
TO betledger_app, betledger_tenant, betledger_operator;
