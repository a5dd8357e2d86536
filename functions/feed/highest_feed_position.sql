SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.highest_feed_position(p_table text, OUT feed_position bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL names a table of ours.
-- @plpgsql_check_options: security_warnings = false
BEGIN
    EXECUTE format('SELECT max(e.feed_position) FROM %s AS e', p_table::regclass) INTO feed_position;
END
$$;

COMMENT ON FUNCTION projection.highest_feed_position(text) IS
'The highest place in the feed of an event of a table. Example: SELECT '
'projection.highest_feed_position(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.highest_feed_position(text) FROM public;
