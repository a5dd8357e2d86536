SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.repair_slots(p_read_table text, p_tenant_id bigint, p_shard_id bigint)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_columns text[];
    v_folded text := projection.union_of_folds(
        p_read_table,
        (
            SELECT jsonb_object_agg(f.source_table, jsonb_build_object('+', format(
                '(SELECT s.* FROM %s AS s WHERE $1 IS NULL OR s.tenant_id = $1)', f.source_table
            )))
            FROM projection.folds AS f WHERE f.read_table = p_read_table
        )
    );
    v_orphans bigint[];
    v_repaired bigint;
BEGIN
    SELECT array_agg(a.attname::text ORDER BY a.attnum) INTO v_columns
    FROM pg_attribute AS a
    JOIN projection.projections AS p ON p.read_table = p_read_table AND p.kind = 'slots'
    WHERE a.attrelid = p_read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (p.key_columns);

    -- Tenants that have slots and nothing to count. Locked first, looked at again in a later statement: a writer that
    -- counts something meanwhile waits for us, and then makes its slot anew.
    EXECUTE projection.localized(format(
        'SELECT array_agg(o.tenant_id) FROM (SELECT t.tenant_id FROM %1$s AS t WHERE ($1 IS NULL OR t.tenant_id = $1)'
        || ' AND t.tenant_id NOT IN (SELECT f.tenant_id FROM (%2$s) AS f) ORDER BY t.tenant_id, t.slot FOR UPDATE) AS o',
        p_read_table, v_folded
    ), p_shard_id) INTO v_orphans USING p_tenant_id;
    EXECUTE projection.localized(format(
        'WITH gone AS (DELETE FROM %1$s AS t WHERE t.tenant_id = ANY ($2)'
        || ' AND t.tenant_id NOT IN (SELECT f.tenant_id FROM (%2$s) AS f) RETURNING t.tenant_id)'
        || ' SELECT count(DISTINCT g.tenant_id) FROM gone AS g',
        p_read_table, v_folded
    ), p_shard_id) INTO v_repaired USING p_tenant_id, v_orphans;

    -- Writers change the sources and the slots in one transaction: in one snapshot the difference between them is
    -- what is wrong, whoever else is writing. So it can be added without stopping anybody.
    EXECUTE projection.localized(format(
        'WITH added AS (INSERT INTO %1$s AS t (tenant_id, slot, %2$s) SELECT d.tenant_id, 0, %3$s FROM ('
        || 'SELECT u.tenant_id, bool_or(u.kept) AS kept, %4$s FROM ('
        || 'SELECT f.tenant_id, false AS kept, %5$s FROM (%6$s) AS f'
        || ' UNION ALL SELECT s.tenant_id, true, %7$s FROM %1$s AS s WHERE $1 IS NULL OR s.tenant_id = $1'
        || ') AS u GROUP BY u.tenant_id'
        || ') AS d WHERE NOT d.kept OR %8$s ORDER BY d.tenant_id ON CONFLICT (tenant_id, slot) DO UPDATE SET %9$s'
        || ' RETURNING t.tenant_id) SELECT $2 + count(*) FROM added',
        p_read_table,
        (SELECT string_agg(format('%I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('d.%I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('sum(u.%1$I) AS %1$I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('f.%I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        v_folded,
        (SELECT string_agg(format('-s.%I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('d.%I <> 0', c.name), ' OR ') FROM unnest(v_columns) AS c (name)),
        projection.added_columns(p_read_table, v_columns, 'excluded')
    ), p_shard_id) INTO v_repaired USING p_tenant_id, v_repaired;
    RETURN v_repaired;
END
$$;

COMMENT ON FUNCTION projection.repair_slots(text, bigint, bigint) IS
'Adds to a read table of kind slots what it lacks of the fold of its sources, beside running writers; gives the number of tenants repaired. Example: SELECT projection.repair_slots(''projection.tenant_totals'', NULL, NULL).';

REVOKE ALL ON FUNCTION projection.repair_slots(text, bigint, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.repair_slots(text, bigint, bigint) TO betledger_operator;
