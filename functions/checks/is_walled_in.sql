SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.is_walled_in()
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_has_role('betledger_tenant', 'USAGE') AND NOT pg_has_role('betledger_app', 'USAGE');

COMMENT ON FUNCTION projection.is_walled_in() IS
'Whether the caller sees one tenant only, that of app.tenant_id. Example: SELECT projection.is_walled_in().';

REVOKE ALL ON FUNCTION projection.is_walled_in() FROM public;

GRANT EXECUTE ON FUNCTION projection.is_walled_in()
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
