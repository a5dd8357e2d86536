SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.distribute_functions()
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_function regprocedure;
BEGIN
    IF NOT (SELECT r.rolcanlogin FROM pg_roles AS r WHERE r.rolname = 'betledger_owner') THEN
        ALTER ROLE betledger_owner LOGIN;
    END IF;
    CREATE EXTENSION IF NOT EXISTS plpgsql;
    -- With them go roles, schemas and privileges: what Citus copies to a node as the owner, the owner could not make
    -- there.
    FOR v_function IN
        SELECT f.signature FROM projection.functions_not_on_nodes() AS f (signature)
        -- Those that give or take rows of a table follow it.
        WHERE NOT EXISTS (
            SELECT FROM pg_depend AS d
            JOIN pg_type AS t ON t.oid = d.refobjid
            LEFT JOIN pg_type AS i ON i.oid = t.typelem
            WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.signature AND d.refclassid = 'pg_type'::regclass
                AND (t.typrelid <> 0 OR i.typrelid <> 0)
        )
        ORDER BY f.signature::oid
    LOOP
        PERFORM pg_catalog.create_distributed_function(v_function);
        RETURN NEXT format('%s is on every node', v_function);
    END LOOP;
END
$$;

COMMENT ON FUNCTION ops.distribute_functions() IS
'The first step of `betledger distribute`, for a ledger that is older than the Citus extension of its database: '
'copies functions, roles and schemas to all nodes. Run by a superuser, and committed before ops.distribute(). '
'Example: SELECT * FROM ops.distribute_functions().';

REVOKE ALL ON FUNCTION ops.distribute_functions() FROM public;
