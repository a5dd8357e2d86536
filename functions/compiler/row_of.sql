SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.row_of(p_table text, p_values jsonb, p_alias text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT format(
            CASE WHEN strpos(r.list, E'\n') > 0 THEN E'ROW(\n    %s\n)::%s' ELSE 'ROW(%s)::%s' END, r.list, p_table
        )
        FROM (
            SELECT projection.joined(array_agg(coalesce(
                p_values ->> c.name, p_alias || '.' || quote_ident(c.name), 'NULL'
            ) ORDER BY c.n))
            FROM unnest(projection.columns(p_table)) WITH ORDINALITY AS c (name, n)
        ) AS r (list)
    );
END
$$;

COMMENT ON FUNCTION projection.row_of(text, jsonb, text) IS
'The text of a row of a table: values as given, by column, the others those of an alias, or null. '
'Example: SELECT projection.row_of(''public.bet_events'', ''{"version": "1"}'', ''e'').';

REVOKE ALL ON FUNCTION projection.row_of(text, jsonb, text) FROM public;
