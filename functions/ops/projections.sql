SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.projections()
RETURNS TABLE (
    read_table text, kind text, "position" integer, sources text[], definitions text[], is_current boolean
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT
        p.read_table, p.kind, p.position,
        array_agg(DISTINCT s.source_table), array_agg(s.definition ORDER BY s.definition),
        p.folded_by IS NOT DISTINCT FROM projection.definition_hash(p.read_table)
    FROM projection.registered_projections() AS p
    LEFT JOIN projection.registered_sources() AS s ON s.read_table = p.read_table
    GROUP BY p.read_table, p.kind, p.position, p.folded_by
    ORDER BY p.position, p.read_table;
END
$$;

COMMENT ON FUNCTION ops.projections() IS
'The read tables in the order in which they are written: their kind, the tables that they follow from, the functions '
'that define them, and whether their rows were folded by the present definition; if not, betledger rebuild is due. '
'Example: SELECT read_table FROM ops.projections() WHERE NOT is_current.';

REVOKE ALL ON FUNCTION ops.projections() FROM public;

GRANT EXECUTE ON FUNCTION ops.projections() TO betledger_operator;
