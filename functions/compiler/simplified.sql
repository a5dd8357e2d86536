SET LOCAL ROLE betledger_owner;

-- The planner puts the text of a definition in its place and works out what is known, such as the type of the event;
-- EXPLAIN shows what is left. So nothing of ours has to read SQL.
CREATE OR REPLACE FUNCTION projection.simplified(p_definition text, p_row text, p_rows jsonb)
RETURNS TABLE (n integer, name text, value text, is_constant boolean, is_zero boolean, condition text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
SET standard_conforming_strings = on
SET jit = off
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_columns text[] := projection.said_columns(p_definition);
    v_plan jsonb;
    v_strange text;
BEGIN
    EXECUTE format(
        'EXPLAIN (VERBOSE, FORMAT JSON, COSTS OFF) SELECT %s FROM %s CROSS JOIN LATERAL %s(%s) AS c',
        projection.list(v_columns, 'c.*, c.* IS NULL'),
        (SELECT string_agg(format('jsonb_populate_record(NULL::%s, ''{}'') AS %I', r.value, r.key), ' CROSS JOIN ')
            FROM jsonb_each_text(p_rows) AS r),
        p_definition, p_row
    ) INTO v_plan;
    PERFORM projection.execute_locally_again();
    SELECT x #>> '{}' INTO v_strange FROM jsonb_path_query(v_plan, '$.**."Node Type"') AS x
    WHERE x #>> '{}' NOT IN ('Nested Loop', 'Function Scan', 'Result')
    UNION ALL
    SELECT x #>> '{}' FROM jsonb_path_query(v_plan, '$.**."Alias"') AS x WHERE NOT p_rows ? (x #>> '{}');
    IF v_strange IS NOT NULL THEN
        PERFORM projection.refuse_definition(
            p_definition, format('cannot be put in place (%s)', v_strange),
            'Write it as one SELECT over its row alone, without aggregates, FROM and volatile functions: '
            'LANGUAGE sql, STABLE or IMMUTABLE, no SET clause, not SECURITY DEFINER.'
        );
    END IF;
    SELECT string_agg(DISTINCT f #>> '{}', ' AND ') INTO condition FROM (
        SELECT jsonb_path_query(v_plan, '$.**."Filter"')
        UNION ALL SELECT jsonb_path_query(v_plan, '$.**."Join Filter"')
        UNION ALL SELECT jsonb_path_query(v_plan, '$.**."One-Time Filter"')
    ) AS q (f);
    FOR v_n IN 1 .. cardinality(v_columns) LOOP
        n := v_n;
        name := v_columns[v_n];
        value := v_plan #>> ARRAY['0', 'Plan', 'Output', (2 * v_n - 2)::text];
        is_constant := v_plan #>> ARRAY['0', 'Plan', 'Output', (2 * v_n - 1)::text] IN ('true', 'false');
        is_zero := value IN ('0', '''0''::numeric', '''0''::bigint');
        RETURN NEXT;
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.simplified(text, text, jsonb) IS
'What a definition comes to for a row of which something is known: a line for each of its columns, with the SQL '
'expression over the aliases that the third argument maps to their tables, whether it is a constant, and the '
'condition under which the definition says anything (null always, false never). Error: BL020. Example: SELECT * FROM '
'projection.simplified(''projection.totals_of_user'', ''u'', ''{"u": "public.user_activity_view"}'').';

REVOKE ALL ON FUNCTION projection.simplified(text, text, jsonb) FROM public;
