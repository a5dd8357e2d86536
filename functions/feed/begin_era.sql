SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.begin_era()
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
DECLARE
    v_highest bigint;
BEGIN
    -- Others wait for the end of this transaction, once in the life of a server.
    PERFORM pg_advisory_xact_lock(hashtextextended('betledger feed_era', 0));
    IF projection.feed_start() IS DISTINCT FROM projection.feed_server_start() THEN
        SELECT max(h.feed_position >> 44) INTO v_highest
        FROM projection.feed_tables() AS t CROSS JOIN LATERAL projection.highest_feed_position(t.name) AS h;
        -- Not below the hours since 2026: should a standby take over that has missed an era, it begins a higher one.
        PERFORM projection.set_era(greatest(
            coalesce(v_highest, 0) + 1, coalesce(projection.feed_era(), 0) + 1,
            floor(date_part('epoch', clock_timestamp()) / 3600)::bigint - 490896
        ));
        PERFORM projection.set_feed_cell('projection.feed_start', projection.feed_server_start());
    END IF;
    RETURN projection.feed_position();
END
$$;

COMMENT ON FUNCTION projection.begin_era() IS
'Begins an era of the feed, in which every place is higher than those of all events that are there. Called by the '
'first event after each start of a server: transaction ids of another server (a restored dump, a promoted standby, a '
'backup of earlier) may be lower than those that the events have. Gives a place of the new era.';

REVOKE ALL ON FUNCTION projection.begin_era() FROM public;

GRANT EXECUTE ON FUNCTION projection.begin_era()
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
