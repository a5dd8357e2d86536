SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.functions_not_on_nodes()
RETURNS SETOF regprocedure
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT p.oid::regprocedure FROM pg_proc AS p
    WHERE p.pronamespace IN (
        'public'::regnamespace, 'projection'::regnamespace, 'ops'::regnamespace, 'http'::regnamespace
    )
        AND pg_get_userbyid(p.proowner) = 'betledger_owner'
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_dist_object AS o WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid
        );
END
$$;

COMMENT ON FUNCTION projection.functions_not_on_nodes() IS
'The functions of the ledger that the coordinator has and other nodes of a cluster have not yet. Example: SELECT * '
'FROM projection.functions_not_on_nodes().';

REVOKE ALL ON FUNCTION projection.functions_not_on_nodes() FROM public;
