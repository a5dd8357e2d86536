SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.current_ms()
RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN floor(extract(EPOCH FROM clock_timestamp()) * 1000)::bigint;

COMMENT ON FUNCTION projection.current_ms() IS
'The time in milliseconds since 1970-01-01 UTC, for the timestamp of events that functions make. Migrations may rely '
'on it. Example: SELECT projection.current_ms().';

REVOKE ALL ON FUNCTION projection.current_ms() FROM public;

GRANT EXECUTE ON FUNCTION projection.current_ms() TO betledger_app, betledger_tenant, betledger_operator;
