SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.begin_era()
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
BEGIN
    IF projection.feed_start() = projection.feed_server_start() THEN
        RETURN;
    END IF;
    IF NOT projection.is_distributed('public.bet_events')
        OR NOT projection.in_own_session('SELECT projection.begin_era_here()')
    THEN
        PERFORM projection.begin_era_here();
    END IF;
END
$$;

COMMENT ON FUNCTION projection.begin_era() IS
'Begins an era of the feed of this server, in which every place is higher than those of all events that are there. '
'Called by the first event and the first reader after each start of a server: transaction ids of another server (of a '
'restored dump, a promoted standby, a backup of earlier) may be lower than those that the events have.';

REVOKE ALL ON FUNCTION projection.begin_era() FROM public;

GRANT EXECUTE ON FUNCTION projection.begin_era()
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
