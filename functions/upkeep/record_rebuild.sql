SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.record_rebuild(p_read_table text, p_tenant_id bigint)
RETURNS void
LANGUAGE plpgsql
-- Operators may not write the tables in any other way.
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
BEGIN
    IF p_tenant_id IS NULL THEN
        PERFORM projection.mark_folded(p.read_table) FROM projection.projections AS p
        WHERE p_read_table IS NULL OR p.read_table = p_read_table
            OR p.read_table = ANY (projection.read_tables_of(p_read_table));
    END IF;
    DELETE FROM ops.rebuilds AS r
    WHERE r.asked_for = coalesce(p_read_table, '') AND r.only_tenant = coalesce(p_tenant_id, 0);
    PERFORM ops.record_run('rebuild', p_tenant_id);
END
$$;

COMMENT ON FUNCTION ops.record_rebuild(text, bigint) IS
'Writes down that a read table (all of them without one) and those that follow from it were rebuilt, for a tenant or '
'for all: of all, by which definitions. Example: SELECT ops.record_rebuild(''public.bets_view'', NULL).';

REVOKE ALL ON FUNCTION ops.record_rebuild(text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION ops.record_rebuild(text, bigint) TO betledger_operator;
