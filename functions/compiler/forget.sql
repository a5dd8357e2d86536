SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.forget(VARIADIC p_tables text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL names functions of the catalogue.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_table text;
    v_gathered_by text;
    v_event_tables text[];
    v_function regprocedure;
    v_event_table text;
BEGIN
    FOREACH v_table IN ARRAY p_tables LOOP
        IF NOT EXISTS (SELECT FROM projection.projections AS p WHERE p.read_table = v_table)
            AND NOT EXISTS (SELECT FROM projection.event_types AS t WHERE t.event_table = v_table)
        THEN
            PERFORM projection.refuse_definition(
                v_table, 'is no read table and no event table',
                'Name one with its schema, such as public.fixtures_view.'
            );
        END IF;
        SELECT min(s.read_table) INTO v_gathered_by
        FROM projection.sources AS s WHERE s.source_table = v_table AND s.read_table <> ALL (p_tables);
        IF v_gathered_by IS NOT NULL THEN
            PERFORM projection.refuse_definition(
                v_table, format('is what %s gathers from', v_gathered_by), format('Forget %s, too.', v_gathered_by)
            );
        END IF;
    END LOOP;
    SELECT array_agg(DISTINCT t.event_table) INTO v_event_tables
    FROM projection.event_types AS t
    WHERE t.event_table <> ALL (p_tables) AND projection.read_tables_of(t.event_table) && p_tables;
    FOR v_function IN
        SELECT p.oid FROM unnest(p_tables) AS t (name)
        JOIN pg_proc AS p ON strpos(
            obj_description(p.oid, 'pg_proc'), format(' Compiled by projection.compile() for %s:', t.name)
        ) > 0
        WHERE p.pronamespace = 'projection'::regnamespace
    LOOP
        -- With the triggers that call it.
        EXECUTE format('DROP FUNCTION %s CASCADE', v_function);
    END LOOP;
    DELETE FROM projection.projections AS p WHERE p.read_table = ANY (p_tables);
    DELETE FROM projection.event_types AS t WHERE t.event_table = ANY (p_tables);
    FOREACH v_event_table IN ARRAY coalesce(v_event_tables, '{}') LOOP
        PERFORM projection.compile(v_event_table);
    END LOOP;
    PERFORM projection.compile_event_types();
    PERFORM projection.compile_feed();
END
$$;

COMMENT ON FUNCTION projection.forget(text[]) IS
'The way back from projection.define(), and from the types of event tables: takes out what is registered and compiled '
'for these tables, so that no trigger writes them, and no feed reads them. Then drop them. Migrations may rely on it. '
'Error: BL020 one is unknown, or another read table gathers from it. Example: SELECT '
'projection.forget(''public.fixtures_view'').';

REVOKE ALL ON FUNCTION projection.forget(text[]) FROM public;
