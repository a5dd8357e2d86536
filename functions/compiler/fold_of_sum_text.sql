SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.fold_of_sum_text(p_read_table text, p_said text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT projection.filled('fold_of_sum', jsonb_build_object(
        'said', p_said,
        'columns', projection.joined(array_agg(
            CASE
                WHEN a.attname = ANY (p.key_columns) THEN 's.' || quote_ident(a.attname)
                WHEN a.attname = ANY (p.lowest_columns) THEN format('min(s.%1$I) AS %1$I', a.attname)
                WHEN a.attname = ANY (p.highest_columns) THEN format('max(s.%1$I) AS %1$I', a.attname)
                WHEN projection.is_trimmed(p_read_table, a.attname)
                    THEN format('trim_scale(sum(s.%1$I)) AS %1$I', a.attname)
                ELSE format('sum(s.%1$I)::%2$s AS %1$I', a.attname, format_type(a.atttypid, a.atttypmod))
            END ORDER BY a.attnum
        )),
        'keys', projection.list(array_remove(p.key_columns, 'slot'), 's.*')
    ))
    FROM projection.registered_projections() AS p
    JOIN pg_attribute AS a ON a.attrelid = p.read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
    WHERE p.read_table = p_read_table AND a.attname <> 'slot'
    GROUP BY p.key_columns
$$;

COMMENT ON FUNCTION projection.fold_of_sum_text(text, text) IS
'The query that adds up what rows say (a query) into rows of a read table of kind sum, or into totals of tenants.';

REVOKE ALL ON FUNCTION projection.fold_of_sum_text(text, text) FROM public;
