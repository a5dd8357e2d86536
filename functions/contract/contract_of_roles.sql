-- requires: functions/contract/groups.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.contract_of_roles()
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(jsonb_object_agg(r.rolname, jsonb_strip_nulls(jsonb_build_object(
        'comment', shobj_description(r.oid, 'pg_authid'),
        'schemas', (
            SELECT coalesce(jsonb_agg(n.nspname ORDER BY n.nspname), '[]')
            FROM pg_namespace AS n
            WHERE n.nspname IN ('public', 'ops', 'http', 'projection') AND has_schema_privilege(r.oid, n.oid, 'USAGE')
        )
    ))), '{}')
    FROM projection.groups() AS r
$$;

COMMENT ON FUNCTION projection.contract_of_roles() IS
'The groups that logins are members of, by name: what for, and the schemas that they may use. What they may call, read '
'and write is told there.';

REVOKE ALL ON FUNCTION projection.contract_of_roles() FROM public;

GRANT EXECUTE ON FUNCTION projection.contract_of_roles() TO betledger_operator;
