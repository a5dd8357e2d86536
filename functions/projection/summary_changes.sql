SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.summary_changes(
    p_read_table text, p_before text, p_after text, OUT ctes text, OUT stale text[]
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_summary projection.projections%ROWTYPE;
    v_name text;
    v_bounds text[];
    v_columns text[];
    -- What changes in this statement, by table: rows that count (+) and rows that counted until now (-).
    v_changes jsonb := jsonb_build_object(p_read_table, jsonb_strip_nulls(jsonb_build_object('+', p_after, '-', p_before)));
    v_slot_base integer := (SELECT p.position * 100 FROM projection.projections AS p WHERE p.read_table = p_read_table);
BEGIN
    ctes := '';
    stale := '{}';
    FOR v_summary IN
        SELECT p.* FROM projection.projections AS p WHERE p.read_table <> p_read_table ORDER BY p.position
    LOOP
        CONTINUE WHEN NOT EXISTS (
            SELECT FROM projection.folds AS f
            WHERE f.read_table = v_summary.read_table AND v_changes ? f.source_table
        );
        v_name := split_part(v_summary.read_table, '.', 2);
        v_bounds := v_summary.lowest_columns || v_summary.highest_columns;
        v_columns := projection.folded_by(v_summary.read_table, ARRAY(SELECT jsonb_object_keys(v_changes)));

        IF p_before IS NULL OR cardinality(v_bounds) = 0 THEN
            ctes := ctes || format(E',\n%I AS (%s)', v_name || '_change', projection.union_of_folds(v_summary.read_table, v_changes));
        ELSE
            -- A sum can be taken back, a lowest or highest value cannot: such rows are folded anew, once all are locked.
            ctes := ctes || format(
                E',\n%1$I AS (%4$s),\n%2$I AS (%5$s),\n%3$I AS (SELECT %6$s FROM %2$I AS a FULL JOIN %1$I AS b ON %7$s)'
                || E',\n%8$I AS (SELECT b.* FROM %1$I AS b LEFT JOIN %2$I AS a ON %7$s WHERE a.tenant_id IS NULL%9$s)',
                v_name || '_before', v_name || '_after', v_name || '_change',
                projection.union_of_folds(
                    v_summary.read_table, jsonb_build_object(p_read_table, jsonb_build_object('+', p_before))
                ),
                projection.union_of_folds(
                    v_summary.read_table, jsonb_build_object(p_read_table, jsonb_build_object('+', p_after))
                ),
                (SELECT string_agg(
                    CASE
                        WHEN a.attname = ANY (v_summary.key_columns) THEN format('coalesce(a.%1$I, b.%1$I) AS %1$I', a.attname)
                        WHEN a.attname = ANY (v_summary.lowest_columns) THEN format('least(a.%1$I, b.%1$I) AS %1$I', a.attname)
                        WHEN a.attname = ANY (v_summary.highest_columns) THEN format('greatest(a.%1$I, b.%1$I) AS %1$I', a.attname)
                        ELSE format('coalesce(a.%1$I, 0) - coalesce(b.%1$I, 0) AS %1$I', a.attname)
                    END, ', ' ORDER BY a.attnum)
                FROM pg_attribute AS a
                WHERE a.attrelid = v_summary.read_table::regclass AND a.attname = ANY (v_columns)),
                projection.key_match(v_summary.read_table, 'a', 'b'),
                v_name || '_stale',
                (SELECT string_agg(format(' OR a.%1$I > b.%1$I', c.name), '') FROM unnest(v_summary.lowest_columns) AS c (name))
                || (SELECT string_agg(format(' OR a.%1$I < b.%1$I', c.name), '') FROM unnest(v_summary.highest_columns) AS c (name))
            );
            stale := stale || v_summary.read_table;
        END IF;

        ctes := ctes || format(
            E',\n%I AS (INSERT INTO %s AS t (%s) SELECT %s FROM %I AS c ORDER BY %s'
            || ' ON CONFLICT (%s) DO UPDATE SET %s RETURNING t.*, t.xmax = 0 AS is_new)',
            v_name || '_changed', v_summary.read_table,
            array_to_string(v_columns, ', ') || CASE v_summary.kind WHEN 'slots' THEN ', slot' ELSE '' END,
            (SELECT string_agg(
                CASE a.atttypid WHEN 'numeric'::regtype THEN format('trim_scale(c.%I)', a.attname) ELSE format('c.%I', a.attname) END,
                ', ' ORDER BY a.attnum)
            FROM pg_attribute AS a
            WHERE a.attrelid = v_summary.read_table::regclass AND a.attname = ANY (v_columns))
            || CASE v_summary.kind WHEN 'slots' THEN format(', %s + pg_backend_pid() %% 32', v_slot_base) ELSE '' END,
            v_name || '_change',
            'c.tenant_id' || CASE v_summary.kind WHEN 'slots' THEN '' ELSE format(', c.%I COLLATE "C"', v_summary.key_columns[2]) END,
            (SELECT string_agg(format('%I', k.name), ', ') FROM unnest(v_summary.key_columns) AS k (name)),
            projection.added_columns(v_summary.read_table, v_columns, 'excluded')
        );
        v_changes := v_changes || jsonb_build_object(
            v_summary.read_table, jsonb_build_object('+', format('(SELECT n.* FROM %I AS n WHERE n.is_new)', v_name || '_changed'))
        );
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.summary_changes(text, text, text) IS
'The common table expressions that carry a change of a read table on to all summaries above it: given the names of two expressions that hold its rows before (null when all are new) and after. Also gives the summaries for which an expression <name>_stale lists the rows to fold anew.';

REVOKE ALL ON FUNCTION projection.summary_changes(text, text, text) FROM public;
