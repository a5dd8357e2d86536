SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.feed_cursor(p_position bigint, p_number bigint, p_mark text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(int8send(p_position) || int8send(p_number), 'hex') || p_mark;

COMMENT ON FUNCTION projection.feed_cursor(bigint, bigint, text) IS
'The cursor of an event by its place in the feed: cursors of one feed sort as their events do. Example: SELECT '
'projection.feed_cursor(1, 1, projection.feed_mark(10001)).';

REVOKE ALL ON FUNCTION projection.feed_cursor(bigint, bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_cursor(bigint, bigint, text)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
