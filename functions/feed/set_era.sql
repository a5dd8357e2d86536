SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.set_era(p_era bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Nothing is shown while the era changes, nor until all have ended that may have stored events of the era before:
    -- their transaction ids are below this one.
    PERFORM projection.set_feed_cell('projection.feed_floor', 281474976710655);
    PERFORM projection.set_feed_cell('projection.feed_era', p_era);
    PERFORM projection.set_feed_cell('projection.feed_floor', txid_current() - 1);
END
$$;

COMMENT ON FUNCTION projection.set_era(bigint) IS
'Begins an era of the feed of this server. Called in a transaction that has no id so far, or when no event has been '
'stored since the start of the server.';

REVOKE ALL ON FUNCTION projection.set_era(bigint) FROM public;
