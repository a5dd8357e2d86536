SET LOCAL ROLE betledger_owner;

-- On a node of Citus a sequence counts from the number of the node * 2^48, so that is taken off.
CREATE OR REPLACE FUNCTION projection.feed_cell(p_cell regclass)
RETURNS bigint
LANGUAGE sql VOLATILE
RETURN pg_sequence_last_value(p_cell) & 281474976710655;

COMMENT ON FUNCTION projection.feed_cell(regclass) IS
'What this server knows of its feed: what projection.set_feed_cell() has set, null before. Example: SELECT '
'projection.feed_cell(''projection.feed_era'').';

REVOKE ALL ON FUNCTION projection.feed_cell(regclass) FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_cell(regclass)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
