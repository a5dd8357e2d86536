-- requires: functions/feed/feed_position.sql
-- requires: functions/feed/first_feed_position.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.feed_position_of_shard(p_shard oid)
RETURNS bigint
LANGUAGE sql VOLATILE
RETURN CASE
    WHEN to_regclass('projection.feed_shard_' || p_shard::text) IS NOT NULL THEN projection.feed_position()
    ELSE projection.first_feed_position(p_shard)
END;

COMMENT ON FUNCTION projection.feed_position_of_shard(oid) IS
'The place in the feed of an event that a node of Citus stores in a shard now. A shard that was moved here is looked '
'at once: see projection.admit_shard().';

REVOKE ALL ON FUNCTION projection.feed_position_of_shard(oid) FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_position_of_shard(oid) TO betledger_app, betledger_tenant, betledger_operator;
