SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_later_text(p_definition text, p_event_type text, p_shard_id bigint)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source projection.sources%ROWTYPE;
    v_time_column text := projection.time_column(p_definition);
    v_status record;
    v_was jsonb;
    v_new jsonb;
    v_is_later text[];
    v_stays text[];
    v_above record;
BEGIN
    IF v_time_column IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT s.* INTO v_source FROM projection.registered_sources() AS s WHERE s.definition = p_definition;
    SELECT c.* INTO v_status FROM projection.registered_types() AS t
    CROSS JOIN LATERAL projection.status_column(p_definition, t.rank) AS c
    WHERE t.event_table = v_source.source_table AND t.event_type = p_event_type;
    v_new := projection.row_after(p_definition, p_event_type, true);
    SELECT jsonb_object_agg(
        n.key, CASE WHEN n.key = ANY (p.key_columns) THEN n.value ELSE 'was.' || quote_ident(n.key) END
    ) INTO v_was
    FROM jsonb_each_text(v_new) AS n, projection.registered_projections() AS p WHERE p.read_table = v_source.read_table;
    -- What every event says by a constant of its type, but for its status, nearly always stays: the kind of a payment.
    SELECT v_was || coalesce(jsonb_object_agg(s.name, s.value), '{}'),
        array_agg(format('was.%I = %s', s.name, s.value) ORDER BY s.name)
    INTO v_was, v_stays
    FROM projection.registered_projections() AS p
    CROSS JOIN jsonb_array_elements(p.latest) AS g (columns)
    JOIN projection.said_by(p_definition, p_event_type) AS s ON g.columns -> 'columns' ? s.name AND s.is_constant
    WHERE p.read_table = v_source.read_table AND NOT g.columns ? 'of' AND s.name <> v_status.name;
    -- After an event of a lower rank, one of the same time is later, too.
    v_is_later := ARRAY[format(
        '%s %s was.%I', v_new ->> v_time_column,
        CASE WHEN v_status.values_before IS NULL THEN '>' ELSE '>=' END,
        v_time_column
    )] || format('was.%I IN (%s)', v_status.name, array_to_string(v_status.values_before, ', ')) || v_stays;
    -- What the general way has to do: the row counts to another one above, or a bound may be taken back.
    FOR v_above IN
        SELECT c.same_row, c.guards FROM projection.registered_sources() AS s
        CROSS JOIN LATERAL projection.one_change(
            s.definition, v_source.source_table, v_new, v_was, v_status.name, v_status.values_before
        ) AS c
        WHERE s.source_table = v_source.read_table
    LOOP
        IF NOT v_above.same_row THEN
            RETURN NULL;
        END IF;
        v_is_later := v_is_later || ARRAY(
            SELECT g FROM unnest(v_above.guards) AS g
            WHERE g <> format('%s >= was.%I', v_new ->> v_time_column, v_time_column) AND g <> ALL (v_is_later)
        );
    END LOOP;
    RETURN projection.assignments_text(p_definition, p_event_type, ARRAY(
        SELECT n.key FROM jsonb_each_text(v_new) AS n WHERE n.value <> v_was ->> n.key
    )) || projection.filled('one_later', jsonb_build_object(
        'read_table', projection.local_table(v_source.read_table, p_shard_id),
        'is_later', projection.joined(array_remove(v_is_later, NULL), ' AND'),
        'set', (
            SELECT projection.joined(array_agg(format('%I = %s', c.name, v_new ->> c.name) ORDER BY c.n))
            FROM unnest(projection.columns(v_source.read_table)) WITH ORDINALITY AS c (name, n)
            WHERE v_new ->> c.name <> v_was ->> c.name
        ),
        'key', projection.joined(projection.event_key(p_definition, 't.'), ' AND'),
        'carry', projection.one_carries_text(
            v_source.read_table, v_source.source_table, v_new, v_was, v_status.name, v_status.values_before, p_shard_id
        )
    ));
END
$$;

COMMENT ON FUNCTION projection.one_later_text(text, text, bigint) IS
'The statements for an event of a type that comes to a known stream: where it is later than all before, the columns '
'that it says, and the difference to the tables above. Null where such an event has to take the general way.';

REVOKE ALL ON FUNCTION projection.one_later_text(text, text, bigint) FROM public;
