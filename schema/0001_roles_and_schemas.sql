-- Roles are cluster-wide and may already be there: another database of this cluster can hold a ledger too.
-- They are never dropped here, and altered on Citus only; logins are made by `betledger role create`.
DO $$
DECLARE
    v_role text;
    v_says text;
BEGIN
    FOR v_role, v_says IN
        VALUES
        ('betledger_owner', 'Owns all objects of betledger; nobody logs in as it.'),
        ('betledger_app', 'Inserts events, calls functions, reads: a trusted service of all tenants.'),
        (
            'betledger_tenant',
            'The same for one tenant, set with SET LOCAL app.tenant_id = ''10001'' in each transaction; without it, '
            'nothing.'
        ),
        ('betledger_reader', 'Reads events and read tables, of all tenants.'),
        (
            'betledger_operator',
            'Reads all tenants, verifies, reconciles, rebuilds, purges, corrects; creates, changes, suspends and '
            'closes tenants.'
        )
    LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = v_role) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
                EXECUTE format('COMMENT ON ROLE %I IS %L', v_role, v_says);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- another migration of this cluster was faster
        END;
    END LOOP;
    -- The nodes of a Citus cluster reach each other as the role that runs a statement; without a password, pg_hba.conf
    -- decides.
    IF EXISTS (SELECT FROM pg_catalog.pg_extension AS e WHERE e.extname = 'citus') THEN
        IF NOT (SELECT r.rolcanlogin FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'betledger_owner') THEN
            ALTER ROLE betledger_owner LOGIN;
        END IF;
        -- It is there, but Citus does not know; the owner's first function could not tell it.
        CREATE EXTENSION IF NOT EXISTS plpgsql;
    END IF;
    -- Objects are made as the owner: whoever migrates has to be able to become it. Who makes a role may not, by itself,
    -- since PostgreSQL 16.
    IF NOT pg_has_role(current_user, 'betledger_owner', CASE
        WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET'
    END) THEN
        EXECUTE format('GRANT betledger_owner TO %I', current_user);
    END IF;
END
$$;

-- A login of another ledger on this server is in our groups, too: it stays outside, since `betledger role create` names
-- who may connect. A database that a DBA has given rights on, or that is home to others, is left as it is.
DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_database AS d
        WHERE d.datname = current_database() AND pg_has_role(d.datdba, 'USAGE')
            AND coalesce(d.datacl, acldefault('d', d.datdba)) = acldefault('d', d.datdba)
    ) AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'betledger_migrations')
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_depend AS x
                WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'e'
            )
    ) THEN
        EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM public', current_database());
        -- As whom the nodes of a Citus cluster reach each other.
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO betledger_owner', current_database());
    END IF;
END
$$;

GRANT USAGE, CREATE ON SCHEMA public TO betledger_owner;

REVOKE CREATE ON SCHEMA public FROM public;

GRANT USAGE ON SCHEMA public TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;

CREATE SCHEMA projection AUTHORIZATION betledger_owner;

CREATE SCHEMA ops AUTHORIZATION betledger_owner;

-- Not yet as the owner: to the workers of a Citus cluster the role is there once this is committed.
GRANT USAGE ON SCHEMA projection TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;

GRANT USAGE ON SCHEMA ops TO betledger_operator;

COMMENT ON SCHEMA projection IS
'betledger: folds, trigger functions and the counters behind the summaries. Application teams read public instead.';

COMMENT ON SCHEMA ops IS 'betledger: what DBAs call. Rebuild, verify and purge.';
