SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.verify_projections(p_tenant_id bigint DEFAULT NULL, p_shard_id bigint DEFAULT NULL)
RETURNS TABLE (projection text, tenant_id bigint, key text, expected jsonb, actual jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_projection record;
    v_done integer := 0;
    v_total integer := (SELECT count(*) FROM projection.projections AS p);
    v_found bigint := 0;
    v_in_projection bigint;
BEGIN
    IF p_shard_id IS NULL AND projection.is_distributed('public.bet_events') THEN
        RETURN QUERY
        SELECT v.projection, v.tenant_id, v.key, v.expected, v.actual
        FROM projection.on_shards(
            format('SELECT coalesce(jsonb_agg(v), ''[]'') FROM ops.verify_projections(%L, <shard_id>) AS v', p_tenant_id), p_tenant_id
        ) AS s,
        jsonb_to_recordset(s::jsonb) AS v (projection text, tenant_id bigint, key text, expected jsonb, actual jsonb);
        GET DIAGNOSTICS v_found = ROW_COUNT;
        PERFORM ops.record_run('verify', p_tenant_id, v_found);
        RETURN;
    END IF;
    FOR v_projection IN SELECT p.* FROM projection.projections AS p ORDER BY p.position LOOP
        RAISE NOTICE '% is compared with the fold of its events', v_projection.read_table
            USING DETAIL = jsonb_build_object('step', v_projection.read_table, 'done', v_done, 'total', v_total);
        -- One statement, one snapshot: right in the middle of writes, too.
        RETURN QUERY EXECUTE projection.localized(format(
            'SELECT %1$L::text, coalesce(f.tenant_id, t.tenant_id), %2$s, to_jsonb(f), to_jsonb(t)'
            || ' FROM (SELECT %3$s FROM (%4$s) AS f) AS f FULL JOIN (%5$s) AS t ON %6$s WHERE f IS NULL OR t IS NULL OR f *<> t',
            v_projection.read_table,
            CASE v_projection.kind WHEN 'slots' THEN 'NULL::text'
                ELSE format('coalesce(f.%1$I, t.%1$I)', v_projection.key_columns[2]) END,
            projection.folded_columns(v_projection.read_table),
            projection.union_of_folds(
                v_projection.read_table,
                (
                    SELECT jsonb_object_agg(f.source_table, jsonb_build_object('+', format(
                        '(SELECT s.* FROM %s AS s WHERE $1 IS NULL OR s.tenant_id = $1)', f.source_table
                    )))
                    FROM projection.folds AS f WHERE f.read_table = v_projection.read_table
                )
            ),
            CASE v_projection.kind
                WHEN 'slots' THEN format(
                    'SELECT s.tenant_id, %s FROM %s AS s WHERE $1 IS NULL OR s.tenant_id = $1 GROUP BY s.tenant_id',
                    (SELECT string_agg(
                        CASE a.atttypid WHEN 'numeric'::regtype THEN format('trim_scale(sum(s.%1$I)) AS %1$I', a.attname)
                            ELSE format('sum(s.%1$I)::%2$s AS %1$I', a.attname, format_type(a.atttypid, a.atttypmod)) END,
                        ', ' ORDER BY a.attnum)
                    FROM pg_attribute AS a
                    WHERE a.attrelid = v_projection.read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
                        AND a.attname <> ALL (v_projection.key_columns)),
                    v_projection.read_table
                )
                ELSE format('SELECT s.* FROM %s AS s WHERE $1 IS NULL OR s.tenant_id = $1', v_projection.read_table)
            END,
            CASE v_projection.kind WHEN 'slots' THEN 'f.tenant_id = t.tenant_id'
                ELSE projection.key_match(v_projection.read_table, 'f', 't') END
        ), p_shard_id) USING p_tenant_id;
        GET DIAGNOSTICS v_in_projection = ROW_COUNT;
        v_found := v_found + v_in_projection;
        v_done := v_done + 1;
    END LOOP;
    IF p_shard_id IS NULL THEN
        PERFORM ops.record_run('verify', p_tenant_id, v_found);
    END IF;
END
$$;

COMMENT ON FUNCTION ops.verify_projections(bigint, bigint) IS
'The rows of the read tables that differ from the fold of their sources; none when all is well. Of one tenant, or of all. expected is the fold, actual the row; null where one of them is missing. Repair with ops.rebuild_projection. On Citus all shards are compared at the same time, each on its node. Error: BL032 a shard failed. Example: SELECT * FROM ops.verify_projections().';

REVOKE ALL ON FUNCTION ops.verify_projections(bigint, bigint) FROM public;

GRANT EXECUTE ON FUNCTION ops.verify_projections(bigint, bigint) TO betledger_operator;
