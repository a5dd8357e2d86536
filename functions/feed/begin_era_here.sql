SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.begin_era_here()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_highest bigint;
BEGIN
    -- Others wait for the end of this transaction, once in the life of a server.
    PERFORM pg_advisory_xact_lock(hashtextextended('betledger feed_era', 0));
    IF projection.feed_start() = projection.feed_server_start() THEN
        RETURN;
    END IF;
    SELECT max(h.feed_position >> 44) INTO v_highest
    FROM projection.feed_tables() AS t CROSS JOIN LATERAL projection.highest_feed_position(t.name) AS h;
    -- Not below the hours since 2026: should a standby take over that has missed an era, it begins a higher one.
    PERFORM projection.set_era(greatest(
        coalesce(v_highest, 0) + 1, coalesce(projection.feed_era(), 0) + 1,
        floor(date_part('epoch', clock_timestamp()) / 3600)::bigint - 490896
    ));
    PERFORM projection.set_feed_cell('projection.feed_start', projection.feed_server_start());
END
$$;

COMMENT ON FUNCTION projection.begin_era_here() IS
'What projection.begin_era() does, in whatever session: nothing if another one has done it since the start of the '
'server.';

REVOKE ALL ON FUNCTION projection.begin_era_here() FROM public;
