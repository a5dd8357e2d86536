SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.see_to_era()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF projection.feed_start() IS DISTINCT FROM projection.feed_server_start()
        AND current_setting('transaction_read_only') = 'off'
    THEN
        PERFORM projection.begin_era();
    END IF;
END
$$;

COMMENT ON FUNCTION projection.see_to_era() IS
'Begins the era of a server that was started and has stored no event yet, so that a reader of a restored ledger does '
'not wait for one. Not in a transaction that reads only, nor on a standby.';

REVOKE ALL ON FUNCTION projection.see_to_era() FROM public;

GRANT EXECUTE ON FUNCTION projection.see_to_era()
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
