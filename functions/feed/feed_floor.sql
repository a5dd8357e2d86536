SET LOCAL ROLE betledger_owner;

-- On a node of Citus a sequence counts from the number of the node * 2^48, so that is taken off.
CREATE OR REPLACE FUNCTION projection.feed_floor()
RETURNS bigint
LANGUAGE sql VOLATILE
RETURN pg_sequence_last_value('projection.feed_floor'::regclass) & 281474976710655;

COMMENT ON FUNCTION projection.feed_floor() IS
'The highest transaction that may belong to the era before: see projection.set_era(). Example: SELECT '
'projection.feed_floor().';

REVOKE ALL ON FUNCTION projection.feed_floor() FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_floor()
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
