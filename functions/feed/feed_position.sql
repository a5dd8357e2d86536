-- requires: functions/feed/feed_era.sql
-- requires: functions/feed/feed_server_start.sql
-- requires: functions/feed/feed_start.sql
-- requires: functions/feed/first_feed_position.sql
SET LOCAL ROLE betledger_owner;

-- An id of a transaction first, the era then: projection.set_era() relies on it. Not below the last transaction that
-- has ended by now, so that an old one that stores the next event of a stream stores it behind the event before it.
-- txid_...: xid8 has no cast to a number.
CREATE OR REPLACE FUNCTION projection.feed_position()
RETURNS bigint
LANGUAGE sql VOLATILE
RETURN CASE
    WHEN projection.feed_start() = projection.feed_server_start()
        THEN greatest(txid_current(), txid_snapshot_xmax(txid_current_snapshot()) - 1) | (projection.feed_era() << 44)
    ELSE projection.first_feed_position()
END;

COMMENT ON FUNCTION projection.feed_position() IS
'The place in the feed of an event that is stored now: era * 2^44 + a transaction id. Written so that the planner puts '
'it in the place of the call.';

REVOKE ALL ON FUNCTION projection.feed_position() FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_position() TO betledger_app, betledger_tenant, betledger_operator;
