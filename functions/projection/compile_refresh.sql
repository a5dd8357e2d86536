SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.compile_refresh(p_read_table text, p_shard_id bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $compile$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_projection projection.projections%ROWTYPE;
    v_name text := split_part(p_read_table, '.', 2);
    v_sources jsonb;
    v_summaries record;
    v_key text;
    v_stale text;
BEGIN
    SELECT p.* INTO STRICT v_projection FROM projection.projections AS p WHERE p.read_table = p_read_table;
    v_key := format('%I', v_projection.key_columns[2]);
    -- LATERAL with OFFSET 0: index lookups for each key, whatever the planner thinks of the size of the tables.
    SELECT jsonb_object_agg(f.source_table, jsonb_build_object('+', format(
        '(SELECT e.* FROM %s AS e WHERE e.tenant_id = k.tenant_id AND %s = k.key OFFSET 0)', f.source_table, f.key_expression
    ))) INTO v_sources
    FROM projection.folds AS f WHERE f.read_table = p_read_table;
    v_summaries := projection.summary_changes(p_read_table, 'before', 'after');
    SELECT string_agg(format(
        '    PERFORM projection.%I(s.tenant_ids, s.keys) FROM (SELECT array_agg(x.tenant_id) AS tenant_ids, array_agg(x.key) AS keys'
        || ' FROM jsonb_to_recordset(coalesce(nullif(v_stale -> %L, ''null''), ''[]'')) AS x (tenant_id bigint, key text)) AS s WHERE s.keys IS NOT NULL;',
        'refresh_' || split_part(t.name, '.', 2), t.name
    ), E'\n') INTO v_stale
    FROM unnest(v_summaries.stale) AS t (name);

    EXECUTE projection.localized(format(
        $text$
CREATE OR REPLACE FUNCTION projection.%1$I(p_tenant_ids bigint[], p_keys text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $body$
DECLARE
    v_changed bigint;
    v_changed_in_all bigint := 0;
    v_locked bigint;
    v_missed boolean;
    v_stale jsonb;
BEGIN
    LOOP
        -- Lock first, fold in a later statement: its snapshot then holds every event whose writer had the lock before.
        SELECT count(*) INTO v_locked FROM (
            SELECT FROM (SELECT DISTINCT u.tenant_id, u.key FROM unnest(p_tenant_ids, p_keys) AS u (tenant_id, key)) AS k
            JOIN %2$s AS t ON t.tenant_id = k.tenant_id AND t.%3$s = k.key
            ORDER BY t.tenant_id, t.%3$s COLLATE "C" FOR NO KEY UPDATE OF t
        ) AS l;

        WITH keys AS (SELECT DISTINCT k.tenant_id, k.key FROM unnest(p_tenant_ids, p_keys) AS k (tenant_id, key)),
        -- Each key with its row as it should be and as it is.
        work AS MATERIALIZED (
            SELECT
                k.tenant_id, k.key, f.tenant_id IS NOT NULL AS wanted, ROW(%7$s)::%2$s AS new_row,
                o.old_row IS DISTINCT FROM NULL AS found, o.old_row
            FROM keys AS k
            LEFT JOIN LATERAL (SELECT %4$s FROM (%5$s) AS f) AS f ON true
            LEFT JOIN LATERAL (
                SELECT t AS old_row FROM %2$s AS t WHERE t.tenant_id = k.tenant_id AND t.%3$s = k.key OFFSET 0
            ) AS o ON true
        ),
        -- A row that was made after we had locked is not ours to change: its writers may be at it. Lock again.
        all_locked AS (SELECT count(*) FILTER (WHERE w.found) = v_locked AS yes FROM work AS w),
        updated AS (
            UPDATE %2$s AS t SET (%6$s) = ROW(%8$s) FROM work AS w
            WHERE t.tenant_id = w.tenant_id AND t.%3$s = w.key AND w.wanted AND w.found AND w.old_row *<> w.new_row
                AND (SELECT a.yes FROM all_locked AS a)
            RETURNING t.*, w.old_row
        ),
        inserted AS (
            INSERT INTO %2$s (%6$s) SELECT %8$s FROM work AS w
            WHERE w.wanted AND NOT w.found AND (SELECT a.yes FROM all_locked AS a)
            ORDER BY w.tenant_id, w.key COLLATE "C" ON CONFLICT DO NOTHING RETURNING *
        ),
        deleted AS (
            DELETE FROM %2$s AS t USING work AS w
            WHERE t.tenant_id = w.tenant_id AND t.%3$s = w.key AND w.found AND NOT w.wanted
                AND (SELECT a.yes FROM all_locked AS a) RETURNING t.*
        ),
        before AS (SELECT (u.old_row).* FROM updated AS u UNION ALL SELECT d.* FROM deleted AS d),
        after AS (SELECT %9$s FROM updated AS u UNION ALL SELECT i.* FROM inserted AS i)%10$s
        SELECT
            (SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted) + (SELECT count(*) FROM deleted),
            NOT (SELECT a.yes FROM all_locked AS a)
                OR (SELECT count(*) FROM work AS w WHERE w.wanted AND NOT w.found) > (SELECT count(*) FROM inserted),
            %11$s
        INTO v_changed, v_missed, v_stale;
        v_changed_in_all := v_changed_in_all + v_changed;
%12$s
        -- Missed: another transaction made a row after we had looked. Now there is something to lock.
        EXIT WHEN NOT v_missed;
    END LOOP;
    RETURN v_changed_in_all;
END
$body$
        $text$,
        'refresh_' || v_name, p_read_table, v_key,
        projection.folded_columns(p_read_table),
        projection.union_of_folds(p_read_table, v_sources),
        projection.columns(p_read_table, '%1$I'),
        projection.columns(p_read_table, 'f.%1$I'),
        projection.columns(p_read_table, '(w.new_row).%1$I'),
        projection.columns(p_read_table, 'u.%1$I'),
        v_summaries.ctes,
        coalesce((SELECT 'jsonb_build_object(' || string_agg(format(
            '%L, (SELECT jsonb_agg(jsonb_build_object(''tenant_id'', s.tenant_id, ''key'', s.%I)) FROM %I AS s)',
            p.read_table, p.key_columns[2], split_part(p.read_table, '.', 2) || '_stale'
        ), ', ') || ')' FROM projection.projections AS p WHERE p.read_table = ANY (v_summaries.stale)), 'NULL::jsonb'),
        coalesce(v_stale, '')
    ), p_shard_id);
    EXECUTE projection.localized(format('REVOKE ALL ON FUNCTION projection.%I(bigint[], text[]) FROM public', 'refresh_' || v_name), p_shard_id);
    EXECUTE projection.localized(
        format('GRANT EXECUTE ON FUNCTION projection.%I(bigint[], text[]) TO betledger_operator', 'refresh_' || v_name), p_shard_id
    );
    EXECUTE projection.localized(format(
        'COMMENT ON FUNCTION projection.%I(bigint[], text[]) IS %L', 'refresh_' || v_name,
        format('Folds the given rows of %s anew and carries the difference to the summaries. Made by projection.compile_refresh(); change the folds instead.', v_name)
    ), p_shard_id);
END
$compile$;

COMMENT ON FUNCTION projection.compile_refresh(text, bigint) IS
'Makes projection.refresh_<read table>(tenant_ids, keys) from the folds of the read table; with a shard, the one that works on the shards of its node (see projection.compile_shard). Example: SELECT projection.compile_refresh(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.compile_refresh(text, bigint) FROM public;
