SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.feed_number()
RETURNS bigint
LANGUAGE sql VOLATILE
RETURN nextval('projection.feed_numbers'::regclass);

COMMENT ON FUNCTION projection.feed_number() IS
'The next number for events of one place in the feed. A function of its own, since its names are resolved when it is '
'made: no search_path of a client reaches in.';

REVOKE ALL ON FUNCTION projection.feed_number() FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_number() TO betledger_app, betledger_tenant, betledger_operator;
