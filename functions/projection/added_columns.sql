SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.added_columns(p_read_table text, p_columns text[], p_change text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT string_agg(
            CASE
                WHEN a.attname = ANY (p.lowest_columns) THEN format('%1$I = least(t.%1$I, %2$s.%1$I)', a.attname, p_change)
                WHEN a.attname = ANY (p.highest_columns) THEN format('%1$I = greatest(t.%1$I, %2$s.%1$I)', a.attname, p_change)
                -- A summary subtracts too: without trim_scale, trailing zeros would tell in which order the events came.
                WHEN a.atttypid = 'numeric'::regtype AND projection.is_summary(p_read_table)
                    THEN format('%1$I = trim_scale(t.%1$I + %2$s.%1$I)', a.attname, p_change)
                ELSE format('%1$I = t.%1$I + %2$s.%1$I', a.attname, p_change)
            END, ', ' ORDER BY a.attnum)
        FROM projection.projections AS p, pg_attribute AS a
        WHERE p.read_table = p_read_table AND a.attrelid = p_read_table::regclass
            AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY (p_columns) AND a.attname <> ALL (p.key_columns)
    );
END
$$;

COMMENT ON FUNCTION projection.added_columns(text, text[], text) IS
'The SET list that adds some columns of a change (the alias) to a row (t) of a read table that sums. Example: SELECT projection.added_columns(''public.user_balances_view'', ''{balance}'', ''excluded'').';

REVOKE ALL ON FUNCTION projection.added_columns(text, text[], text) FROM public;
