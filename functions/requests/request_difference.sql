SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.request_difference(
    p_key text, p_stored_type text, p_sent_type text, p_stored jsonb, p_sent jsonb, OUT refusal projection.refusal
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_argument record;
BEGIN
    IF p_stored_type <> p_sent_type THEN
        refusal := ROW(
            'BL005', format(
                'idempotency key %L was used for %s, not for %s', left(p_key, 100), p_stored_type, p_sent_type
            ),
            'Send a new key with each new operation.'
        );
        RETURN;
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
        refusal := ROW(
            'BL005', format(
                'idempotency key %L was used with %s %s, now it is %s',
                left(p_key, 100), v_argument.name, left(v_argument.stored::text, 100),
                left(v_argument.sent::text, 100)
            ), 'Repeat a call with the same arguments, or send a new key.'
        );
        RETURN;
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.request_difference(text, text, text, jsonb, jsonb) IS
'The refusal of a request that repeats an idempotency key with another operation or other arguments: BL005, and the '
'argument; null where it is the same. Numbers are compared by value. Example: SELECT * FROM '
'projection.request_difference(''k'', ''V1_BETS_BET_CONFIRMED'', ''V1_BETS_BET_SETTLED'', ''{}'', ''{}'').';

REVOKE ALL ON FUNCTION projection.request_difference(text, text, text, jsonb, jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.request_difference(text, text, text, jsonb, jsonb)
TO betledger_app, betledger_tenant, betledger_operator;
