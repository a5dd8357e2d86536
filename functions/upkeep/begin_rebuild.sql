SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.begin_rebuild(p_only text, p_tenant_id bigint, p_from_start boolean)
RETURNS ops.rebuilds
LANGUAGE plpgsql
-- Operators may not write the table in any other way.
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
DECLARE
    v_read_tables text[] := ARRAY(
        SELECT p.read_table FROM projection.projections AS p
        WHERE p_only IS NULL OR p.read_table = p_only OR p.read_table = ANY (projection.read_tables_of(p_only))
        ORDER BY p.position, p.read_table
    );
    v_made_from text := projection.rebuild_basis(v_read_tables);
    v_run ops.rebuilds;
BEGIN
    DELETE FROM ops.rebuilds AS r
    WHERE r.asked_for = coalesce(p_only, '') AND r.only_tenant = coalesce(p_tenant_id, 0) AND (
        p_from_start OR r.made_from <> v_made_from OR r.moved_at < now() - interval '1 day'
        -- What it has passed may be wrong again.
        OR EXISTS (
            SELECT FROM ops.maintenance_runs AS m
            WHERE m.command = 'verify' AND m.found > 0 AND m.finished_at > r.began_at
        )
    );
    SELECT r.* INTO v_run FROM ops.rebuilds AS r
    WHERE r.asked_for = coalesce(p_only, '') AND r.only_tenant = coalesce(p_tenant_id, 0);
    IF FOUND THEN
        RAISE NOTICE '% goes on after % of % rows, where a rebuild was at %; p_from_start => true begins anew',
            v_run.read_tables[1], v_run.rows_done, v_run.rows_total, date_trunc('second', v_run.moved_at);
        RETURN v_run;
    END IF;
    INSERT INTO ops.rebuilds (asked_for, only_tenant, made_from, read_tables, positions)
    VALUES (coalesce(p_only, ''), coalesce(p_tenant_id, 0), v_made_from, v_read_tables, '{}')
    RETURNING rebuilds.* INTO v_run;
    RETURN v_run;
END
$$;

COMMENT ON FUNCTION projection.begin_rebuild(text, bigint, boolean) IS
'Where a rebuild begins: at the start, or where one of the same read tables and tenants was stopped within a day, '
'unless there is reason not to trust what it did. Example: SELECT * FROM '
'projection.begin_rebuild(''public.bets_view'', NULL, false).';

REVOKE ALL ON FUNCTION projection.begin_rebuild(text, bigint, boolean) FROM public;

GRANT EXECUTE ON FUNCTION projection.begin_rebuild(text, bigint, boolean) TO betledger_operator;
