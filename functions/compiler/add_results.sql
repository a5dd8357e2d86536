SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.add_results(p_read_table text)
RETURNS TABLE (target text, type text, result text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_read projection.projections%ROWTYPE;
    v_row text := projection.row_of(p_read_table, '{}', 't');
    v_counts_rows_only boolean;
BEGIN
    SELECT p.* INTO v_read FROM projection.registered_projections() AS p WHERE p.read_table = p_read_table;
    RETURN QUERY SELECT 'v_changed', 'bigint', 'count(*)';
    -- Null where nothing is above. Where only rows are counted there, those that are new are enough.
    SELECT bool_and(d.is_constant OR d.name = ANY (p.key_columns)) INTO v_counts_rows_only
    FROM projection.registered_sources() AS s
    JOIN projection.registered_projections() AS p USING (read_table)
    CROSS JOIN LATERAL projection.simplified(
        s.definition, projection.row_of(p_read_table, '{}', 'was'), jsonb_build_object('was', p_read_table)
    ) AS d
    WHERE s.source_table = p_read_table;
    IF v_counts_rows_only THEN
        RETURN QUERY SELECT 'v_before', p_read_table || '[]', 'NULL';
        RETURN QUERY SELECT 'v_after', p_read_table || '[]',
            format(E'array_agg(%s)\n    FILTER (WHERE t.is_new)', v_row);
    ELSIF NOT v_counts_rows_only THEN
        RETURN QUERY SELECT 'v_before', p_read_table || '[]', format(
            E'array_agg(%s)\n    FILTER (WHERE NOT t.is_new)',
            projection.row_of(p_read_table, (
                SELECT jsonb_object_agg(c, format('t.%1$I - c.%1$I', c))
                FROM unnest(projection.columns(p_read_table)) AS c
                WHERE c <> ALL (v_read.key_columns || v_read.lowest_columns || v_read.highest_columns)
            ), 't')
        );
        RETURN QUERY SELECT 'v_after', p_read_table || '[]', format('array_agg(%s)', v_row);
    END IF;
    IF v_read.kind = 'sum' THEN
        RETURN QUERY SELECT 'v_tenant_ids', 'bigint[]',
            '(SELECT array_agg(c.tenant_id) FROM change AS c WHERE c.is_stale)';
        RETURN QUERY SELECT 'v_keys', 'text[]',
            format('(SELECT array_agg(c.%I) FROM change AS c WHERE c.is_stale)', v_read.key_columns[2]);
    END IF;
END
$$;

COMMENT ON FUNCTION projection.add_results(text) IS
'What projection.<read table>_add() needs to know of the rows that it has changed: the variable, its type, the '
'expression over the changed rows (t) and the changes (c).';

REVOKE ALL ON FUNCTION projection.add_results(text) FROM public;
