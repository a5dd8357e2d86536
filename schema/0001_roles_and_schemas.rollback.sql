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

-- As it was, if nobody but the first migration changed it.
DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_database AS d
        WHERE d.datname = current_database() AND pg_has_role(d.datdba, 'USAGE') AND NOT EXISTS (
            SELECT FROM aclexplode(d.datacl) AS a
            WHERE a.grantee NOT IN (0, d.datdba, 'betledger_owner'::regrole)
                OR a.grantee = 0 AND a.privilege_type = 'CONNECT'
        )
    ) THEN
        EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM betledger_owner', current_database());
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO public', current_database());
    END IF;
END
$$;
