SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.distribute_remaining_functions(p_beside text)
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_function regprocedure;
BEGIN
    -- What takes or gives rows of a table could not go to the nodes before it. Those of applications after those that
    -- they call: with these come the types that they only name in their bodies. Definitions last: a node looks for what
    -- they call.
    FOR v_function IN
        SELECT f.signature FROM projection.functions_not_on_nodes() AS f (signature)
        JOIN pg_proc AS p ON p.oid = f.signature
        ORDER BY EXISTS (SELECT FROM projection.registered_sources() AS s WHERE s.definition::regproc = p.oid),
            p.pronamespace = 'public'::regnamespace, p.oid
    LOOP
        PERFORM pg_catalog.create_distributed_function(v_function);
    END LOOP;

    FOR v_function IN
        SELECT p.oid FROM pg_proc AS p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proargnames[1] = 'p_tenant_id'
            AND pg_get_userbyid(p.proowner) = 'betledger_owner'
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_dist_object AS o
                WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid AND o.distribution_argument_index IS NOT NULL
            )
        ORDER BY p.proname
    LOOP
        PERFORM pg_catalog.create_distributed_function(v_function, 'p_tenant_id', colocate_with => p_beside);
        RETURN NEXT format('%s runs on the node of its tenant', v_function);
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.distribute_remaining_functions(text) IS
'Copies to all nodes what ops.distribute_functions() could not before there were tables, and sends calls of functions '
'of a tenant to the node that holds its rows of a table (p_beside). Gives a line for each of those, for '
'ops.distribute().';

REVOKE ALL ON FUNCTION projection.distribute_remaining_functions(text) FROM public;
