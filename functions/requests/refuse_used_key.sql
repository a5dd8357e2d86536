SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse_used_key(p_key text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'idempotency key % was used for another balance change', quote_literal(p_key)
        USING ERRCODE = 'BL005', HINT = 'Send a new key with each new operation.';
END
$$;

COMMENT ON FUNCTION projection.refuse_used_key(text) IS
'Raises BL005 for a call whose balance event met the key or the id of another one.';

REVOKE ALL ON FUNCTION projection.refuse_used_key(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.refuse_used_key(text) TO betledger_app, betledger_tenant;
