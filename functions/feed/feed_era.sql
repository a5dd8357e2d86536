SET LOCAL ROLE betledger_owner;

-- On a node of Citus a sequence counts from the number of the node * 2^48, so that is taken off.
CREATE OR REPLACE FUNCTION projection.feed_era()
RETURNS bigint
LANGUAGE sql VOLATILE
RETURN pg_sequence_last_value('projection.feed_era'::regclass) & 281474976710655;

COMMENT ON FUNCTION projection.feed_era() IS
'The era of the feed of this server, null before the first. Example: SELECT projection.feed_era().';

REVOKE ALL ON FUNCTION projection.feed_era() FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_era()
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
