SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.execute_locally_again()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Known where Citus is loaded.
    IF current_setting('citus.enable_local_execution', true) = 'off' THEN
        PERFORM set_config('citus.enable_local_execution', 'on', true);
    END IF;
END
$$;

COMMENT ON FUNCTION projection.execute_locally_again() IS
'To be called after EXPLAIN: Citus then reaches the shards of its own node by another session for the rest of the '
'transaction, which would wait for what this one has locked. Nothing on plain PostgreSQL. Example: SELECT '
'projection.execute_locally_again().';

REVOKE ALL ON FUNCTION projection.execute_locally_again() FROM public;

GRANT EXECUTE ON FUNCTION projection.execute_locally_again() TO betledger_operator;
