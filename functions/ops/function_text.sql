SET LOCAL ROLE betledger_owner;

-- pg_get_functiondef() writes all arguments in one line.
CREATE OR REPLACE FUNCTION projection.function_text(p_function oid)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT concat_ws(
            E'\n',
            format(
                'CREATE OR REPLACE FUNCTION %s.%I(%s)', n.nspname, f.proname,
                E'\n    ' || projection.joined(
                    string_to_array(nullif(pg_get_function_arguments(f.oid), ''), ', ')
                ) || E'\n'
            ),
            'RETURNS ' || projection.joined(string_to_array(pg_get_function_result(f.oid), ', ')),
            concat_ws(
                ' ', 'LANGUAGE', l.lanname, CASE f.provolatile WHEN 's' THEN 'STABLE' WHEN 'i' THEN 'IMMUTABLE' END,
                CASE f.proparallel WHEN 's' THEN 'PARALLEL SAFE' END, CASE WHEN f.prosecdef THEN 'SECURITY DEFINER' END
            ),
            (
                -- A list of schemas is not one literal, and a number with a unit is.
                SELECT string_agg(format(
                    'SET %s = %s', s.name, CASE s.name WHEN 'search_path' THEN s.value ELSE quote_literal(s.value) END
                ), E'\n' ORDER BY s.n)
                FROM unnest(f.proconfig) WITH ORDINALITY AS c (setting, n)
                CROSS JOIN LATERAL (
                    SELECT c.n, split_part(c.setting, '=', 1), substr(c.setting, strpos(c.setting, '=') + 1)
                ) AS s (n, name, value)
            ),
            coalesce(
                pg_get_function_sqlbody(f.oid), format(E'AS $body$\n%s\n$body$', btrim(f.prosrc, E'\n'))
            ) || ';'
        )
        FROM pg_proc AS f
        JOIN pg_namespace AS n ON n.oid = f.pronamespace
        JOIN pg_language AS l ON l.oid = f.prolang
        WHERE f.oid = p_function
    );
END
$$;

COMMENT ON FUNCTION projection.function_text(oid) IS
'A function of the database as SQL, in lines that can be read. '
'Example: SELECT projection.function_text(''projection.bet_of_event''::regproc).';

REVOKE ALL ON FUNCTION projection.function_text(oid) FROM public;

GRANT EXECUTE ON FUNCTION projection.function_text(oid) TO betledger_operator;
