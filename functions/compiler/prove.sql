SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.prove(p_event_table text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_tenant_id constant bigint := 9223372036854775807;
    v_insert text := format(
        'INSERT INTO %s (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version)'
        ' SELECT gen_random_uuid(), $1, s.aggregate_id, s.event_type, s.event_data, s."timestamp", 1', p_event_table
    );
    v_samples text := format(
        ' FROM projection.sample_events(%L) AS s WHERE s.arrives = $2 AND s.n = coalesce($3, s.n)', p_event_table
    );
    v_event record;
    v_read_table text;
    v_table text;
    v_column text;
    v_what text;
    v_problem text;
BEGIN
    PERFORM projection.mark_empty(p_event_table);
    -- Citus compiles for each shard when its first event comes, by the same texts.
    IF projection.is_distributed(p_event_table) THEN
        RETURN;
    END IF;
    BEGIN
        -- Whatever is known of that tenant. As all that is done here, it does not stay.
        DELETE FROM public.tenants AS t WHERE t.tenant_id = v_tenant_id;
        -- All ways that events can come: each is another path of the compiled code.
        FOR v_event IN
            SELECT s.* FROM projection.sample_events(p_event_table) AS s WHERE s.arrives = 'one by one'
            ORDER BY s.aggregate_id, s.n
        LOOP
            EXECUTE v_insert
                || ' FROM (VALUES ($2, $3, $4, $5)) AS s (aggregate_id, event_type, event_data, "timestamp")'
            USING v_tenant_id, v_event.aggregate_id, v_event.event_type, v_event.event_data, v_event."timestamp";
        END LOOP;
        EXECUTE v_insert || v_samples USING v_tenant_id, 'together', NULL::integer;
        EXECUTE v_insert || v_samples USING v_tenant_id, 'first the first', 1;
        EXECUTE v_insert || v_samples USING v_tenant_id, 'first the first', 2;
        FOREACH v_read_table IN ARRAY projection.read_tables_of(p_event_table) LOOP
            EXECUTE format(
                'SELECT %L || coalesce(format('', row %%s'', v.key), ''''), format(''is not the fold of sample '
                'events: %%s instead of %%s'', v.actual, v.expected)'
                ' FROM (%s) AS v (read_table, tenant_id, key, expected, actual) LIMIT 1',
                v_read_table, projection.verify_text(v_read_table)
            ) INTO v_what, v_problem USING v_tenant_id;
            EXIT WHEN v_what IS NOT NULL;
        END LOOP;
        RAISE EXCEPTION USING ERRCODE = 'BL0PR';
    EXCEPTION
        -- Nothing of it stays.
        WHEN SQLSTATE 'BL0PR' THEN
            NULL;
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS v_table = TABLE_NAME, v_column = COLUMN_NAME, v_problem = MESSAGE_TEXT;
            v_what := coalesce(
                format('column %s of %s:', nullif(v_column, ''), nullif(v_table, '')), p_event_table || ':'
            );
    END;
    IF v_problem IS NOT NULL THEN
        PERFORM projection.refuse_definition(
            v_what, v_problem,
            'Correct the definition: every event type of has_effect has to give what its columns can hold.'
        );
    END IF;
END
$$;

COMMENT ON FUNCTION projection.prove(text) IS
'Proves what was compiled for an event table: sample events of every type after every other one, by every path, have '
'to make the rows that the fold makes; nothing of them stays. Run by `betledger migrate`. Migrations may rely on it. '
'Error: BL020 a row that differs, or the column that cannot hold what is said. Example: SELECT '
'projection.prove(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.prove(text) FROM public;
