-- Roles are cluster-wide and may already be there: another database of this cluster can hold a ledger too.
-- They are never dropped or altered here; logins are made by `betledger role create`.
DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY[
        'betledger_owner', 'betledger_app', 'betledger_tenant', 'betledger_reader', 'betledger_operator'
    ] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = v_role) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- another migration of this cluster was faster
        END;
    END LOOP;
    -- Objects are made as the owner: whoever migrates has to be able to become it.
    IF NOT pg_has_role(current_user, 'betledger_owner', 'MEMBER') THEN
        EXECUTE format('GRANT betledger_owner TO %I', current_user);
    END IF;
END
$$;

GRANT USAGE, CREATE ON SCHEMA public TO betledger_owner;

REVOKE CREATE ON SCHEMA public FROM public;

GRANT USAGE ON SCHEMA public TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;

CREATE SCHEMA projection AUTHORIZATION betledger_owner;

CREATE SCHEMA ops AUTHORIZATION betledger_owner;

SET LOCAL ROLE betledger_owner;

GRANT USAGE ON SCHEMA projection TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;

GRANT USAGE ON SCHEMA ops TO betledger_operator;

COMMENT ON SCHEMA projection IS
'betledger: folds, trigger functions and the counters behind the summaries. Application teams read public instead.';

COMMENT ON SCHEMA ops IS 'betledger: what DBAs call. Rebuild, verify and purge.';
