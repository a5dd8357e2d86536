SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.groups()
RETURNS TABLE (oid oid, rolname name)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT r.oid, r.rolname FROM pg_roles AS r
    WHERE r.rolname LIKE 'betledger\_%' AND r.rolname <> 'betledger_owner' AND NOT r.rolcanlogin
$$;

COMMENT ON FUNCTION projection.groups() IS
'The groups that logins are members of: ours, and those of a team whose names begin as ours.';

REVOKE ALL ON FUNCTION projection.groups() FROM public;

GRANT EXECUTE ON FUNCTION projection.groups() TO betledger_operator;
