SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.variables_text(p_table text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(format('%I %s;', a.attname, format_type(a.atttypid, a.atttypmod)), E'\n' ORDER BY a.attnum)
    FROM pg_attribute AS a
    WHERE a.attrelid = p_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
$$;

COMMENT ON FUNCTION projection.variables_text(text) IS
'Declarations of a variable for each column of a table. Example: SELECT '
'projection.variables_text(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.variables_text(text) FROM public;
