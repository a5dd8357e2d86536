SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse_race(p_table text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'a row of % was made by another transaction at the same moment', p_table
        USING ERRCODE = 'serialization_failure', HINT = 'Repeat the transaction.';
END
$$;

COMMENT ON FUNCTION projection.refuse_race(text) IS
'Raises 40001 where a row of a read table is there and cannot be seen yet: a snapshot that is too old, or an index '
'that is being built. Not 23505, which means a used id or idempotency key.';

REVOKE ALL ON FUNCTION projection.refuse_race(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.refuse_race(text) TO betledger_app, betledger_tenant, betledger_operator;
