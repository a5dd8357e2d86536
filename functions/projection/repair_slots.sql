SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.repair_slots(p_read_table text, p_tenant_id bigint)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_columns text[];
    v_repaired bigint;
BEGIN
    SELECT array_agg(a.attname::text ORDER BY a.attnum) INTO v_columns
    FROM pg_attribute AS a
    JOIN projection.projections AS p ON p.read_table = p_read_table AND p.kind = 'slots'
    WHERE a.attrelid = p_read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (p.key_columns);
    -- Writers change the sources and the slots in one transaction: in one snapshot the difference between them is
    -- what is wrong, whoever else is writing. So it can be added without stopping anybody.
    EXECUTE format(
        'INSERT INTO %1$s AS t (tenant_id, slot, %2$s) SELECT d.tenant_id, 0, %3$s FROM ('
        || 'SELECT tenant_id, %4$s FROM (SELECT tenant_id, %2$s FROM (%5$s) AS f'
        || ' UNION ALL SELECT s.tenant_id, %6$s FROM %1$s AS s WHERE $1 IS NULL OR s.tenant_id = $1) AS u GROUP BY tenant_id'
        || ') AS d WHERE %7$s ORDER BY d.tenant_id ON CONFLICT (tenant_id, slot) DO UPDATE SET %8$s',
        p_read_table,
        (SELECT string_agg(format('%I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('d.%I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('sum(u.%1$I) AS %1$I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        projection.union_of_folds(
            p_read_table,
            (
                SELECT jsonb_object_agg(f.source_table, jsonb_build_object('+', format(
                    '(SELECT s.* FROM %s AS s WHERE $1 IS NULL OR s.tenant_id = $1)', f.source_table
                )))
                FROM projection.folds AS f WHERE f.read_table = p_read_table
            )
        ),
        (SELECT string_agg(format('-s.%I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('d.%I <> 0', c.name), ' OR ') FROM unnest(v_columns) AS c (name)),
        projection.added_columns(p_read_table, v_columns)
    ) USING p_tenant_id;
    GET DIAGNOSTICS v_repaired = ROW_COUNT;
    RETURN v_repaired;
END
$$;

COMMENT ON FUNCTION projection.repair_slots(text, bigint) IS
'Adds to a read table of kind slots what it lacks of the fold of its sources, beside running writers; gives the number of tenants repaired. Example: SELECT projection.repair_slots(''projection.tenant_totals'', NULL).';

REVOKE ALL ON FUNCTION projection.repair_slots(text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.repair_slots(text, bigint) TO betledger_operator;
