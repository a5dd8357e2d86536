SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.forget_text(
    p_event_table text, p_events text, p_shard_id bigint DEFAULT NULL
)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source record;
    v_depends text[];
    v_shows text[];
    v_without jsonb := '{"metadata": "NULL::jsonb"}';
    v_key_shown text;
    v_text text := '';
    v_goes_on boolean;
BEGIN
    FOR v_source IN
        SELECT s.definition, s.read_table, p.*
        FROM projection.registered_sources() AS s JOIN projection.registered_projections() AS p USING (read_table)
        WHERE s.source_table = p_event_table ORDER BY p.position
    LOOP
        -- Columns that say something else without metadata, and those that show the key itself.
        SELECT array_agg(d.name),
            array_agg(d.name) FILTER (WHERE d.value = '(e.metadata ->> ''idempotency_key''::text)')
        INTO v_depends, v_shows
        FROM projection.simplified(
            v_source.definition, projection.row_of(p_event_table, '{}', 'e'), jsonb_build_object('e', p_event_table)
        ) AS d
        JOIN projection.simplified(
            v_source.definition, projection.row_of(p_event_table, v_without, 'e'),
            jsonb_build_object('e', p_event_table)
        ) AS w USING (name)
        WHERE d.value <> w.value;
        CONTINUE WHEN v_depends IS NULL;
        IF v_source.kind <> 'state' THEN
            PERFORM projection.refuse_definition(
                format('column %s of %s', v_depends[1], v_source.read_table),
                'adds up what metadata says, and keys leave metadata when they expire',
                'Take it from event_data.'
            );
        END IF;
        -- Do tables above say something of it?
        SELECT coalesce(bool_or(d.value <> w.value), false) INTO v_goes_on
        FROM projection.registered_sources() AS s
        CROSS JOIN LATERAL projection.simplified(
            s.definition, projection.row_of(s.source_table, '{}', 'was'), jsonb_build_object('was', s.source_table)
        ) AS d
        CROSS JOIN LATERAL projection.simplified(
            s.definition,
            projection.row_of(s.source_table, (SELECT jsonb_object_agg(c, 'NULL') FROM unnest(v_depends) AS c), 'was'),
            jsonb_build_object('was', s.source_table)
        ) AS w
        WHERE s.source_table = v_source.read_table AND d.name = w.name;
        v_text := concat_ws(
            E'\n', nullif(v_text, ''), CASE WHEN v_goes_on OR v_depends <> v_shows OR cardinality(v_shows) <> 1
                THEN projection.filled('forget_by_refresh', jsonb_build_object(
                    'events', p_events,
                    'refresh', projection.local_function(v_source.read_table, 'refresh', p_shard_id),
                    'key', (projection.event_key(v_source.definition, ''))[2]
                ))
                ELSE projection.filled('forget_key', jsonb_build_object(
                    'events', p_events, 'read_table', projection.local_table(v_source.read_table, p_shard_id),
                    'column', quote_ident(v_shows[1]), 'key', quote_ident(v_source.key_columns[2]),
                    'event_key', (projection.event_key(v_source.definition, ''))[2]
                ))
            END
        );
    END LOOP;
    RETURN v_text;
END
$$;

COMMENT ON FUNCTION projection.forget_text(text, text, bigint) IS
'The statements that take idempotency keys that were taken out of events (the second argument: what to read them from) '
'out of the read tables that show them. Where that changes more than the column itself, the rows are folded anew. '
'Example: SELECT projection.forget_text(''public.bet_events'', ''old_events'').';

REVOKE ALL ON FUNCTION projection.forget_text(text, text, bigint) FROM public;
