SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.projection_source(p_name text)
RETURNS TABLE (part text, name text, source text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table text := projection.known_table(p_name);
BEGIN
    RETURN QUERY
    SELECT 'definition', s.definition, projection.function_text(to_regproc(s.definition))
    FROM projection.registered_sources() AS s
    WHERE s.read_table = v_table AND to_regproc(s.definition) IS NOT NULL ORDER BY s.definition;
    RETURN QUERY SELECT 'rules', v_table, r FROM projection.rules_text(v_table) AS r WHERE r IS NOT NULL;
    -- What is in the database, whether or not it would be compiled so today. projection.compile() says for whom it is.
    RETURN QUERY
    SELECT 'compiled', p.oid::regprocedure::text, projection.function_text(p.oid)
    FROM pg_proc AS p
    WHERE p.pronamespace = 'projection'::regnamespace AND p.proname !~ '_[0-9]+_[0-9a-f]{8}$'
        AND position(
            format('Compiled by projection.compile() for %s:', v_table) IN obj_description(p.oid, 'pg_proc')
        ) > 0
    ORDER BY p.proname;
    RETURN QUERY
    SELECT 'trigger', t.tgname::text, replace(
        replace(pg_get_triggerdef(t.oid), ' REFERENCING', E'\nREFERENCING'), ' FOR EACH', E'\nFOR EACH'
    ) || ';'
    FROM pg_trigger AS t
    WHERE t.tgrelid = to_regclass(v_table) AND NOT t.tgisinternal ORDER BY t.tgname;
END
$$;

COMMENT ON FUNCTION ops.projection_source(text) IS
'All that the database holds of a read table or an event table, as SQL: its definitions, the rules of its columns or '
'the types of its events, the functions that were compiled from them, its triggers. On Citus, the functions of shards '
'are on their nodes. Error: BL001 unknown table. Example: SELECT source FROM ops.projection_source(''bets_view'').';

REVOKE ALL ON FUNCTION ops.projection_source(text) FROM public;

GRANT EXECUTE ON FUNCTION ops.projection_source(text) TO betledger_operator;
