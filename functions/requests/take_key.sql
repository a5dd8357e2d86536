SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.take_key(p_key text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_key text := current_setting('app.idempotency_key');
BEGIN
    IF p_key IS NOT NULL THEN
        PERFORM projection.require_key(p_key);
    END IF;
    -- One key is one call: what it stores besides needs none. As a statement, which reaches the nodes of a cluster.
    SET LOCAL app.idempotency_key = '';
    RETURN v_key;
END
$$;

COMMENT ON FUNCTION projection.take_key(text) IS
'The key of the request, for the first call that it makes. Error: BL001 the call has another one.';

REVOKE ALL ON FUNCTION projection.take_key(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.take_key(text) TO betledger_app, betledger_tenant, betledger_operator;
