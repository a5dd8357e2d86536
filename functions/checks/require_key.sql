SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.require_key(p_key text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF nullif(current_setting('app.idempotency_key', true), '') IS DISTINCT FROM p_key THEN
        RAISE EXCEPTION 'idempotency key % is not that of the request, %',
            coalesce(quote_literal(left(p_key, 100)), 'null'),
            quote_literal(left(current_setting('app.idempotency_key', true), 100))
            USING ERRCODE = 'BL001',
            HINT = 'The Idempotency-Key header is the key: leave it out of the call, or send the same in metadata.';
    END IF;
    RETURN true;
END
$$;

COMMENT ON FUNCTION projection.require_key(text) IS
'Raises BL001 where a request over HTTP has a key in its header, as app.idempotency_key, and a call or an event '
'another one; true otherwise, so that it fits into a policy. Example: SELECT projection.require_key(''key-1'').';

REVOKE ALL ON FUNCTION projection.require_key(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.require_key(text)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
