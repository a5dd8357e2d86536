SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.columns(p_table text, p_template text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(format(p_template, a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
    FROM pg_attribute AS a
    WHERE a.attrelid = p_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
$$;

COMMENT ON FUNCTION projection.columns(text, text) IS
'The columns of a table as a list, each through a format() template that may use its name (%1$I) and its type (%2$s). Example: SELECT projection.columns(''public.bets_view'', ''t.%1$I'').';

REVOKE ALL ON FUNCTION projection.columns(text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.columns(text, text) TO betledger_operator;
