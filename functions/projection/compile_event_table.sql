SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.compile_event_table(p_event_table text, p_shard_id bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $compile$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_name text;
    v_fold record;
    v_begin text;
    v_inserted text := '';
    v_key_removed text := '';
    v_key text;
    v_columns text;
    v_refresh text;
    v_suffix text;
    v_body text;
    v_beginnings text[];
    v_unmade text;
    v_frame constant text := $text$
DECLARE
    v_event record;
    v_done boolean;
    v_is_new boolean;
    v_tenant_ids bigint[];
    v_keys text[];
BEGIN%s%s
END
$text$;
BEGIN
    IF p_shard_id IS NULL THEN
        -- Found here, and not by the first event that comes.
        SELECT format('%s of %s', a.attname, p.read_table) INTO v_unmade
        FROM projection.projections AS p
        JOIN pg_attribute AS a ON a.attrelid = p.read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
        WHERE p.kind <> 'slots' AND NOT EXISTS (
            SELECT FROM projection.folds AS f
            JOIN pg_attribute AS m ON m.attrelid = f.fold::regclass AND m.attnum > 0 AND m.attname = a.attname
            WHERE f.read_table = p.read_table
        )
        LIMIT 1;
        IF v_unmade IS NOT NULL THEN
            RAISE EXCEPTION 'column % is made by no fold', v_unmade
                USING ERRCODE = 'BL020', HINT = 'Add it to the view in projection.folds, or drop it: a table of your own may hold what you know of a row.';
        END IF;
        IF projection.is_distributed(p_event_table) THEN
            PERFORM projection.compile_version();
        END IF;
        PERFORM projection.compile_refresh(p.read_table) FROM projection.projections AS p WHERE p.kind <> 'slots';
    END IF;

    -- The types that a stream begins with; a sum knows no streams.
    SELECT coalesce(array_agg(t.event_type ORDER BY t.event_type), '{}') INTO v_beginnings
    FROM projection.event_types AS t
    WHERE t.event_table = p_event_table AND (projection.event_rank(t.event_type) = '0' OR NOT EXISTS (
        SELECT FROM projection.folds AS f
        JOIN projection.projections AS p ON p.read_table = f.read_table
        WHERE f.source_table = p_event_table AND p.kind = 'state'
    ));

    FOR v_fold IN
        SELECT f.fold, f.key_expression, p.*
        FROM projection.folds AS f
        JOIN projection.projections AS p ON p.read_table = f.read_table
        WHERE f.source_table = p_event_table
        ORDER BY p.position
    LOOP
        v_columns := projection.columns(v_fold.read_table, '%1$I');
        v_key := format('%I', v_fold.key_columns[2]);
        v_refresh := format('projection.%I', 'refresh_' || split_part(v_fold.read_table, '.', 2));
        -- With the type as a literal the planner works out most of the fold beforehand.
        SELECT string_agg(format(
            E'\n    %sIF v_event.begins = %L THEN%s', CASE WHEN b.n > 1 THEN 'ELS' ELSE '' END, b.event_type,
            CASE v_fold.kind WHEN 'state' THEN
                format(
                    E'\n    INSERT INTO %s (%s) SELECT %s FROM %s AS f\n    ON CONFLICT DO NOTHING;\n    v_done := FOUND;\n    IF v_done THEN%s\n    END IF;',
                    v_fold.read_table, v_columns, projection.columns(v_fold.read_table, 'f.%1$I'), b.change,
                    projection.summary_changes_of_one(jsonb_build_object(v_fold.read_table, b.change), v_fold.position)
                )
            ELSE
                projection.add_one_change(
                    v_fold.read_table, projection.folded_by(v_fold.read_table, ARRAY[p_event_table]), 'SELECT x.* FROM ' || b.change || ' AS x'
                ) || E'\n    v_done := true;'
                || projection.summary_changes_of_one(jsonb_build_object(v_fold.read_table, b.change), v_fold.position)
            END
        ), '' ORDER BY b.n) || E'\n    END IF;' INTO v_begin
        FROM (
            SELECT t.event_type, t.n, format('(%s)', projection.fold_of_one(projection.fold_text(v_fold.fold, format('(SELECT %s)', (
                SELECT string_agg(
                    CASE a.attname WHEN 'event_type' THEN format('%L::text', t.event_type) ELSE format('v_event.%I', a.attname) END
                    || format(' AS %I', a.attname), ', ' ORDER BY a.attnum)
                FROM pg_attribute AS a
                WHERE a.attrelid = p_event_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
            ))))) AS change
            FROM unnest(v_beginnings) WITH ORDINALITY AS t (event_type, n)
        ) AS b;
        v_inserted := v_inserted || E'\n    v_done := false;' || coalesce(v_begin, '');
        IF v_fold.kind = 'state' THEN
            v_inserted := v_inserted || format(
                $text$
    IF NOT v_done THEN
    v_keys := NULL;
    -- Before any summary is locked: read tables, then summaries, each in one pass and in one order everywhere.
    PERFORM FROM %2$s AS t JOIN (SELECT DISTINCT e.tenant_id, %9$s AS key FROM new_events AS e) AS k
        ON t.tenant_id = k.tenant_id AND t.%5$s = k.key
    ORDER BY t.tenant_id, t.%5$s COLLATE "C" FOR NO KEY UPDATE OF t;
    IF FOUND THEN
        SELECT array_agg(k.tenant_id), array_agg(k.key) INTO v_tenant_ids, v_keys
        FROM (SELECT DISTINCT e.tenant_id, %9$s AS key FROM new_events AS e) AS k;
    ELSE
    -- Streams that are new are folded from the new events alone, but for those that another writer began meanwhile.
    WITH folded AS (%1$s),
    inserted AS (
        INSERT INTO %2$s (%3$s) SELECT %4$s FROM folded AS f ORDER BY f.tenant_id, f.%5$s COLLATE "C"
        ON CONFLICT DO NOTHING RETURNING *
    )%6$s
    SELECT array_agg(f.tenant_id), array_agg(f.%5$s) INTO v_tenant_ids, v_keys
    FROM folded AS f WHERE NOT EXISTS (SELECT FROM inserted AS i WHERE %7$s);
    END IF;
    IF v_keys IS NOT NULL THEN
        PERFORM %8$s(v_tenant_ids, v_keys);
    END IF;
    END IF;$text$,
                projection.fold_text(v_fold.fold, 'new_events'), v_fold.read_table, v_columns,
                projection.columns(v_fold.read_table, 'f.%1$I'), v_key,
                (projection.summary_changes(v_fold.read_table, NULL, 'inserted')).ctes,
                projection.key_match(v_fold.read_table, 'i', 'f'), v_refresh, v_fold.key_expression
            );
            -- An idempotency key that was taken out leaves the read table, too.
            v_key_removed := v_key_removed || format(
                $text$
    SELECT array_agg(f.tenant_id), array_agg(f.%2$s) INTO v_tenant_ids, v_keys FROM (%1$s) AS f;
    IF v_keys IS NOT NULL THEN
        PERFORM %3$s(v_tenant_ids, v_keys);
    END IF;$text$,
                projection.fold_text(v_fold.fold, 'new_events'), v_key, v_refresh
            );
        ELSE
            v_inserted := v_inserted || format(
                $text$
    IF NOT v_done THEN
    WITH folded AS (%1$s),
    changed AS (
        INSERT INTO %2$s AS t (%3$s) SELECT %4$s FROM folded AS f ORDER BY f.tenant_id, f.%5$s COLLATE "C"
        ON CONFLICT (tenant_id, %5$s) DO UPDATE SET %6$s RETURNING t.tenant_id
    )%7$s
    SELECT array_agg(c.tenant_id) INTO v_tenant_ids FROM changed AS c;
    END IF;$text$,
                projection.fold_text(v_fold.fold, 'new_events'), v_fold.read_table, v_columns,
                projection.columns(v_fold.read_table, 'f.%1$I'), v_key,
                projection.added_columns(
                    v_fold.read_table, projection.folded_by(v_fold.read_table, ARRAY[p_event_table]), 'excluded'
                ),
                (projection.summary_changes(v_fold.read_table, NULL, 'folded')).ctes
            );
        END IF;
    END LOOP;

    v_inserted := (
        SELECT format(
            $text$
    -- One event that begins a stream, and is fine: by far the most frequent case, worth plain statements.
    SELECT e.*, CASE
        WHEN EXISTS (SELECT FROM new_events OFFSET 1) THEN NULL
        %1$s
    END AS begins INTO v_event FROM new_events AS e LIMIT 1;
    IF v_event.begins IS NULL THEN
        PERFORM projection.refuse_event(
            %2$L, e.tenant_id, e.aggregate_id, e.event_type, e.event_data, e."timestamp", e.version, e.metadata, e.id, e.created_at
        )
        FROM new_events AS e
        WHERE (%4$s
            AND CASE e.event_type
            %3$s
            ELSE false END) IS NOT TRUE;
    END IF;$text$,
            coalesce(string_agg(
                format(
                    E'WHEN e.event_type = %1$L AND %2$s\n            AND %3$s\n            THEN %1$L::text',
                    t.event_type, projection.envelope_check('e'), projection.payload_check(p_event_table, t.event_type, 'e')
                ), E'\n        ' ORDER BY t.event_type
            ) FILTER (WHERE t.event_type = ANY (v_beginnings)), ''),
            p_event_table,
            string_agg(
                format('WHEN %L THEN %s', t.event_type, projection.payload_check(p_event_table, t.event_type, 'e')),
                E'\n            ' ORDER BY t.event_type
            ),
            projection.envelope_check('e')
        )
        FROM projection.event_types AS t WHERE t.event_table = p_event_table
    ) || v_inserted;
    IF p_shard_id IS NOT NULL THEN
        v_inserted := (
            SELECT format(
                $text$
    -- Keys are unique within a shard: who names one himself must not put a tenant where its keys are not known.
    IF EXISTS (SELECT FROM new_events AS e WHERE pg_catalog.worker_hash(e.tenant_id) NOT BETWEEN %s AND %s) THEN
        RAISE EXCEPTION 'this is not the shard of the tenant'
            USING ERRCODE = 'BL033', HINT = 'Insert into %s, not into a shard of it.';
    END IF;$text$, s.shardminvalue, s.shardmaxvalue, p_event_table
            )
            FROM pg_catalog.pg_dist_shard AS s WHERE s.shardid = p_shard_id
        ) || v_inserted;
    END IF;

    FOR v_suffix, v_body IN VALUES ('_inserted', v_inserted), ('_key_removed', v_key_removed) LOOP
        v_name := split_part(p_event_table, '.', 2) || v_suffix;
        IF p_shard_id IS NOT NULL THEN
            -- Not a trigger function, but called by one: a plan that names a shard can be kept, one over the rows of a statement cannot.
            EXECUTE projection.localized(format(
                $text$CREATE OR REPLACE FUNCTION projection.%1$I(p_new_events %3$s[]) RETURNS void LANGUAGE plpgsql
                AS $body$%2$s$body$$text$,
                v_name, format(v_frame, replace(v_body, ' new_events ', ' unnest(p_new_events) '), ''), p_event_table
            ), p_shard_id);
            EXECUTE projection.localized(format('REVOKE ALL ON FUNCTION projection.%I FROM public', v_name), p_shard_id);
            CONTINUE;
        ELSIF projection.is_distributed(p_event_table) THEN
            v_body := projection.shard_trigger_body(p_event_table, v_suffix);
        ELSE
            v_body := format(v_frame, v_body, E'\n    RETURN NULL;');
        END IF;
        EXECUTE format(
            $text$CREATE OR REPLACE FUNCTION projection.%1$I() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
            AS $body$%2$s$body$$text$, v_name, v_body
        );
        EXECUTE format('REVOKE ALL ON FUNCTION projection.%I() FROM public', v_name);
        EXECUTE format(
            'COMMENT ON FUNCTION projection.%I() IS %L', v_name,
            format('Trigger function of %s, made by projection.compile_event_table(); change the folds or projection.event_types instead.', p_event_table)
        );
    END LOOP;
END
$compile$;

COMMENT ON FUNCTION projection.compile_event_table(text, bigint) IS
'Makes the trigger functions projection.<event table>_inserted() (which checks, then projects) and _key_removed() from projection.event_types and the folds, and the refresh functions of all read tables. With a shard, on its Citus node: the functions that the trigger functions call there (see projection.compile_shard). Example: SELECT projection.compile_event_table(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.compile_event_table(text, bigint) FROM public;
