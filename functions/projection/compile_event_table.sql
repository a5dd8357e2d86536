SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.compile_event_table(p_event_table text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $compile$
DECLARE
    v_name text := split_part(p_event_table, '.', 2);
    v_fold record;
    v_inserted text := '';
    v_key_removed text := '';
    v_key text;
    v_columns text;
    v_refresh text;
    v_suffix text;
    v_body text;
BEGIN
    PERFORM projection.compile_refresh(p.read_table) FROM projection.projections AS p WHERE p.kind <> 'slots';

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
        IF v_fold.kind = 'state' THEN
            v_inserted := v_inserted || format(
                $text$
    -- One event that begins a stream: by far the most frequent case, worth plain statements.
    INSERT INTO %2$s (%3$s) SELECT %4$s FROM (%9$s) AS f WHERE NOT EXISTS (SELECT FROM new_events OFFSET 1)
    ON CONFLICT DO NOTHING RETURNING * INTO v_row;
    IF FOUND THEN%10$s
    ELSE
    -- Before any summary is locked: read tables, then summaries, each in one pass and in one order everywhere.
    PERFORM FROM %2$s AS t JOIN (SELECT DISTINCT e.tenant_id, %11$s AS key FROM new_events AS e) AS k
        ON t.tenant_id = k.tenant_id AND t.%5$s = k.key
    ORDER BY t.tenant_id, t.%5$s COLLATE "C" FOR NO KEY UPDATE OF t;
    IF FOUND THEN
        SELECT array_agg(k.tenant_id), array_agg(k.key) INTO v_tenant_ids, v_keys
        FROM (SELECT DISTINCT e.tenant_id, %11$s AS key FROM new_events AS e) AS k;
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
    END IF;
                $text$,
                projection.fold_text(v_fold.fold, 'new_events'), v_fold.read_table, v_columns,
                projection.columns(v_fold.read_table, 'f.%1$I'), v_key,
                (projection.summary_changes(v_fold.read_table, NULL, 'inserted')).ctes,
                projection.key_match(v_fold.read_table, 'i', 'f'), v_refresh,
                projection.fold_of_one(projection.fold_text(v_fold.fold, 'new_events')),
                projection.summary_changes_of_one(
                    v_fold.read_table, format('(SELECT %s)', projection.columns(v_fold.read_table, 'v_row.%1$I AS %1$I'))
                ),
                v_fold.key_expression
            );
            -- An idempotency key that was taken out leaves the read table, too.
            v_key_removed := v_key_removed || format(
                $text$
    SELECT array_agg(f.tenant_id), array_agg(f.%2$s) INTO v_tenant_ids, v_keys FROM (%1$s) AS f;
    IF v_keys IS NOT NULL THEN
        PERFORM %3$s(v_tenant_ids, v_keys);
    END IF;
                $text$,
                projection.fold_text(v_fold.fold, 'new_events'), v_key, v_refresh
            );
        ELSE
            v_inserted := v_inserted || format(
                $text$
    INSERT INTO %2$s AS t (%3$s) SELECT %4$s FROM (%8$s) AS f WHERE NOT EXISTS (SELECT FROM new_events OFFSET 1)
    ON CONFLICT (tenant_id, %5$s) DO UPDATE SET %6$s;
    IF FOUND THEN%9$s
    ELSE
    WITH folded AS (%1$s),
    changed AS (
        INSERT INTO %2$s AS t (%3$s) SELECT %4$s FROM folded AS f ORDER BY f.tenant_id, f.%5$s COLLATE "C"
        ON CONFLICT (tenant_id, %5$s) DO UPDATE SET %6$s RETURNING t.tenant_id
    )%7$s
    SELECT array_agg(c.tenant_id) INTO v_tenant_ids FROM changed AS c;
    END IF;
                $text$,
                projection.fold_text(v_fold.fold, 'new_events'), v_fold.read_table, v_columns,
                projection.columns(v_fold.read_table, 'f.%1$I'), v_key, projection.added_columns(v_fold.read_table, projection.folded_by(v_fold.read_table, ARRAY[p_event_table])),
                (projection.summary_changes(v_fold.read_table, NULL, 'folded')).ctes,
                projection.fold_of_one(projection.fold_text(v_fold.fold, 'new_events')),
                projection.summary_changes_of_one(
                    v_fold.read_table, format('(%s)', projection.fold_of_one(projection.fold_text(v_fold.fold, 'new_events')))
                )
            );
        END IF;
    END LOOP;

    FOR v_suffix, v_body IN VALUES ('_inserted', v_inserted), ('_key_removed', v_key_removed) LOOP
        EXECUTE format(
            $text$
CREATE OR REPLACE FUNCTION projection.%1$I() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_tenant_ids bigint[];
    v_keys text[];
    v_row record;%3$s
BEGIN%2$s
    RETURN NULL;
END
$body$
            $text$, v_name || v_suffix, v_body,
            (
                SELECT string_agg(format(E'\n    v_%s record;', split_part(p.read_table, '.', 2)), '')
                FROM projection.projections AS p WHERE projection.is_summary(p.read_table)
            )
        );
    END LOOP;

    EXECUTE format(
        $text$
CREATE OR REPLACE FUNCTION projection.%1$I() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_fine boolean;
BEGIN
    v_fine := NEW.tenant_id > 0 AND NEW.id IS NOT NULL AND length(NEW.aggregate_id) BETWEEN 1 AND 256
        AND NEW."timestamp" BETWEEN 1 AND 4102444799999 AND NEW.version = 1 AND isfinite(NEW.created_at)
        AND jsonb_typeof(NEW.event_data) = 'object' AND pg_column_size(NEW.event_data) <= 65536;
    IF v_fine AND NEW.metadata IS NOT NULL THEN
        v_fine := jsonb_typeof(NEW.metadata) = 'object' AND pg_column_size(NEW.metadata) <= 65536
            AND CASE WHEN NEW.metadata ? 'idempotency_key' THEN
                jsonb_typeof(NEW.metadata -> 'idempotency_key') = 'string'
                AND length(NEW.metadata ->> 'idempotency_key') BETWEEN 1 AND 200
            ELSE true END;
    END IF;
    -- A branch a type: what is not reached is not even set up.
    IF v_fine THEN
        %2$s
        ELSE
            v_fine := false;
        END IF;
    END IF;
    IF v_fine IS NOT TRUE THEN
        PERFORM projection.refuse_event(
            %3$L, NEW.tenant_id, NEW.aggregate_id, NEW.event_type, NEW.event_data,
            NEW."timestamp", NEW.version, NEW.metadata, NEW.id, NEW.created_at
        );
    END IF;
    -- Only a role that is walled in has the setting to compare with; the policies are the wall.
    IF current_setting('app.tenant_id', true) IS DISTINCT FROM NEW.tenant_id::text
        AND pg_has_role('betledger_tenant', 'USAGE') AND NOT pg_has_role('betledger_app', 'USAGE')
    THEN
        PERFORM projection.require_tenant(NEW.tenant_id);
    END IF;
    RETURN NEW;
END
$body$
        $text$, v_name || '_check',
        (
            SELECT string_agg(
                format(E'IF NEW.event_type = %L THEN\n            v_fine := %s;', t.event_type, coalesce(c.conditions, 'true')),
                E'\n        ELS' ORDER BY t.event_type LIKE '%PLACED' DESC, t.event_type LIKE '%CREATED' DESC, t.event_type
            )
            FROM projection.event_types AS t
            CROSS JOIN LATERAL (
                SELECT string_agg(
                    format(
                        CASE WHEN f.required THEN '(%1$s)' ELSE '(coalesce(jsonb_typeof(%2$s), ''null'') = ''null'' OR %1$s)' END,
                        projection.field_check(f.kind, f.json, f.text), f.json
                    ), E'\n                AND ' ORDER BY f.required DESC, f.name
                ) AS conditions
                FROM (
                    SELECT
                        k.key AS name, k.value AS kind, k.required,
                        format('(NEW.event_data -> %L)', k.key) AS json, format('(NEW.event_data ->> %L)', k.key) AS text
                    FROM (
                        SELECT r.key, r.value, true AS required FROM jsonb_each_text(t.required_fields) AS r
                        UNION ALL
                        SELECT o.key, o.value, false FROM jsonb_each_text(t.optional_fields) AS o
                    ) AS k
                ) AS f
            ) AS c
            WHERE t.event_table = p_event_table
        ),
        p_event_table
    );

    FOREACH v_suffix IN ARRAY ARRAY['_check', '_inserted', '_key_removed'] LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION projection.%I() FROM public', v_name || v_suffix);
        EXECUTE format(
            'COMMENT ON FUNCTION projection.%I() IS %L', v_name || v_suffix,
            format('Trigger function of %s, made by projection.compile_event_table(); change the folds or projection.event_types instead.', p_event_table)
        );
    END LOOP;
END
$compile$;

COMMENT ON FUNCTION projection.compile_event_table(text) IS
'Makes the trigger functions projection.<event table>_check(), _inserted() and _key_removed() from projection.event_types and the folds, and the refresh functions of all read tables. Example: SELECT projection.compile_event_table(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.compile_event_table(text) FROM public;
