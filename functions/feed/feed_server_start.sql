SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.feed_server_start()
RETURNS bigint
LANGUAGE sql STABLE
RETURN (date_part('epoch', pg_postmaster_start_time()) * 1000000)::bigint & 281474976710655;

COMMENT ON FUNCTION projection.feed_server_start() IS
'When this server was started, in microseconds, modulo 2^48: no two servers, and no two starts of one, have the same.';

REVOKE ALL ON FUNCTION projection.feed_server_start() FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_server_start()
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
