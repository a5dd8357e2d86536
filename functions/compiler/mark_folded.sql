SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.mark_folded(p_read_table text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
DECLARE
    v_hash text := projection.definition_hash(p_read_table);
BEGIN
    UPDATE projection.projections AS p SET folded_by = v_hash
    WHERE p.read_table = p_read_table AND p.folded_by IS DISTINCT FROM v_hash;
END
$$;

COMMENT ON FUNCTION projection.mark_folded(text) IS
'Writes down that all rows of a read table were folded by its present definition. Called by ops.rebuild_projection() '
'and by projection.mark_empty(). Example: SELECT projection.mark_folded(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.mark_folded(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.mark_folded(text) TO betledger_operator;
