SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.record_progress(p_run ops.rebuilds)
RETURNS void
LANGUAGE plpgsql
-- Operators may not write the table in any other way.
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
DECLARE
    -- Citus takes nothing volatile in an UPDATE.
    v_now timestamptz := clock_timestamp();
BEGIN
    UPDATE ops.rebuilds AS r
    SET read_tables = p_run.read_tables, positions = p_run.positions, rows_done = p_run.rows_done,
        rows_different = p_run.rows_different, rows_total = p_run.rows_total, moved_at = v_now
    WHERE r.asked_for = p_run.asked_for AND r.only_tenant = p_run.only_tenant AND r.began_at = p_run.began_at;
END
$$;

COMMENT ON FUNCTION projection.record_progress(ops.rebuilds) IS
'Writes down how far a rebuild has come. Called by projection.rebuild_round().';

REVOKE ALL ON FUNCTION projection.record_progress(ops.rebuilds) FROM public;

GRANT EXECUTE ON FUNCTION projection.record_progress(ops.rebuilds) TO betledger_operator;
