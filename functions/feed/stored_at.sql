SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.stored_at()
RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN clock_timestamp();

COMMENT ON FUNCTION projection.stored_at() IS
'The time of storage of an event that is stored now. A function of its own, since its names are resolved when it is '
'made: no search_path of a client reaches in.';

REVOKE ALL ON FUNCTION projection.stored_at() FROM public;

GRANT EXECUTE ON FUNCTION projection.stored_at() TO betledger_app, betledger_tenant, betledger_operator;
