SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.raise_era()
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
DECLARE
    v_highest bigint;
BEGIN
    SELECT max(h.feed_position) INTO v_highest
    FROM projection.feed_tables() AS t CROSS JOIN LATERAL projection.highest_feed_position(t.name) AS h;
    IF v_highest > (
        projection.feed_era() << 44 | txid_snapshot_xmax(txid_current_snapshot())
    ) THEN
        PERFORM projection.set_era((v_highest >> 44) + 1);
    END IF;
END
$$;

COMMENT ON FUNCTION projection.raise_era() IS
'Begins an era where there are events that this server has not stored, as after a restore of events alone. Called by '
'ops.rebuild_projection(), in a transaction of its own.';

REVOKE ALL ON FUNCTION projection.raise_era() FROM public;

GRANT EXECUTE ON FUNCTION projection.raise_era() TO betledger_operator;
