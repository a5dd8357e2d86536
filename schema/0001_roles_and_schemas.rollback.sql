-- The roles stay: they belong to the cluster, and other databases may use them.
DROP SCHEMA ops CASCADE;

DROP SCHEMA projection CASCADE;

DO $$
DECLARE
    v_function text;
BEGIN
    FOR v_function IN
        SELECT p.oid::regprocedure FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proowner = 'betledger_owner'::regrole
    LOOP
        EXECUTE format('DROP FUNCTION %s', v_function);
    END LOOP;
END
$$;

REVOKE USAGE ON SCHEMA public FROM betledger_app, betledger_tenant, betledger_reader, betledger_operator;

REVOKE USAGE, CREATE ON SCHEMA public FROM betledger_owner;
