SET LOCAL ROLE betledger_owner;

-- On a node of Citus a sequence counts from the number of the node * 2^48, so that is taken off.
CREATE OR REPLACE FUNCTION projection.feed_start()
RETURNS bigint
LANGUAGE sql VOLATILE
RETURN pg_sequence_last_value('projection.feed_start'::regclass) & 281474976710655;

COMMENT ON FUNCTION projection.feed_start() IS
'The start of this server for which the era was begun: see projection.feed_server_start(). Example: SELECT '
'projection.feed_start().';

REVOKE ALL ON FUNCTION projection.feed_start() FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_start()
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
