SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.added(p_read_table text, p_column text, p_plus text, p_minus text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_projection projection.projections%ROWTYPE;
    v_sum text := concat_ws(
        CASE WHEN length(concat(p_plus, p_minus)) > 40 THEN E'\n    ' ELSE ' ' END,
        't.' || quote_ident(p_column), '+ ' || p_plus, '- ' || p_minus
    );
BEGIN
    SELECT p.* INTO v_projection FROM projection.registered_projections() AS p WHERE p.read_table = p_read_table;
    RETURN quote_ident(p_column) || ' = ' || CASE
        WHEN p_column = ANY (v_projection.lowest_columns || v_projection.highest_columns) THEN format(
            CASE WHEN length(p_plus) > 40 THEN E'%s(\n    t.%I,\n    %s\n)' ELSE '%s(t.%I, %s)' END,
            CASE WHEN p_column = ANY (v_projection.lowest_columns) THEN 'least' ELSE 'greatest' END, p_column, p_plus
        )
        WHEN projection.is_trimmed(p_read_table, p_column) THEN format('trim_scale(%s)', v_sum)
        ELSE v_sum
    END;
END
$$;

COMMENT ON FUNCTION projection.added(text, text, text, text) IS
'The assignment that adds to a column of a row (t) of a read table what counts from now on, less what counted until '
'now. Example: SELECT projection.added(''public.user_activity_view'', ''bets'', ''1'').';

REVOKE ALL ON FUNCTION projection.added(text, text, text, text) FROM public;
