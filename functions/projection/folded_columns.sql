SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.folded_columns(p_read_table text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(
        CASE
            WHEN a.atttypid = 'numeric'::regtype AND projection.is_summary(p_read_table)
                THEN format('trim_scale(f.%1$I) AS %1$I', a.attname)
            ELSE format('f.%1$I::%2$s AS %1$I', a.attname, format_type(a.atttypid, a.atttypmod))
        END, ', ' ORDER BY a.attnum)
    FROM pg_attribute AS a
    WHERE a.attrelid = p_read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'slot'
$$;

COMMENT ON FUNCTION projection.folded_columns(text) IS
'The columns of a fold (f) exactly as its read table keeps them. Example: SELECT projection.folded_columns(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.folded_columns(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.folded_columns(text) TO betledger_operator;
