SET LOCAL ROLE betledger_owner;

-- The floor after the era: whoever changes them sets the floor first.
CREATE OR REPLACE FUNCTION projection.feed_horizon()
RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_era bigint := projection.feed_era();
    v_floor bigint := projection.feed_floor();
    v_oldest bigint := txid_snapshot_xmin(txid_current_snapshot());
BEGIN
    RETURN CASE WHEN v_oldest > v_floor THEN v_era << 44 | v_oldest ELSE 0 END;
END
$$;

COMMENT ON FUNCTION projection.feed_horizon() IS
'The place in the feed of this server from which on an event could still come: era * 2^44 + the oldest transaction '
'that is in progress in the snapshot of the query. 0 while transactions of an era before are in progress.';

REVOKE ALL ON FUNCTION projection.feed_horizon() FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_horizon()
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
