SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.is_of_contract(p_class oid, p_object oid, p_schema oid)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (
        p_schema IN ('public'::regnamespace, 'ops'::regnamespace, 'http'::regnamespace)
        OR p_schema = 'projection'::regnamespace
        AND obj_description(p_object, p_class::regclass::name) LIKE '% Migrations may rely on it.%'
    ) AND NOT EXISTS (
        SELECT FROM pg_depend AS d WHERE d.classid = p_class AND d.objid = p_object AND d.deptype = 'e'
    )
$$;

COMMENT ON FUNCTION projection.is_of_contract(oid, oid, oid) IS
'Whether others may rely on an object: it is in a schema that is open, and of no extension; or it is of projection, '
'and its comment says that migrations may.';

REVOKE ALL ON FUNCTION projection.is_of_contract(oid, oid, oid) FROM public;

GRANT EXECUTE ON FUNCTION projection.is_of_contract(oid, oid, oid) TO betledger_operator;
