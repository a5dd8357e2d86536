SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_later(
    p_definition text, p_event_type text, p_shard_id bigint,
    OUT assignments text[], OUT conditions text[], OUT status_column text, OUT statuses text[], OUT carry text,
    OUT is_status_carried boolean, OUT columns_before text[]
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source projection.sources%ROWTYPE;
    v_time_column text := projection.time_column(p_definition);
    v_stored jsonb;
    v_before jsonb;
    v_said jsonb;
    v_was jsonb;
    v_constants jsonb;
    v_is_later text;
    v_above record;
BEGIN
    IF v_time_column IS NULL THEN
        RETURN;
    END IF;
    SELECT s.* INTO v_source FROM projection.registered_sources() AS s WHERE s.definition = p_definition;
    SELECT c.name, c.values_before INTO status_column, statuses
    FROM projection.registered_types() AS t CROSS JOIN LATERAL projection.status_column(p_definition, t.rank) AS c
    WHERE t.event_table = v_source.source_table AND t.event_type = p_event_type;
    -- What every event says by a constant of its type, but for its status, nearly always stays: the kind of a payment.
    SELECT coalesce(jsonb_object_agg(s.name, s.value), '{}') INTO v_constants
    FROM projection.registered_projections() AS p
    CROSS JOIN jsonb_array_elements(p.latest) AS g (columns)
    JOIN projection.said_by(p_definition, p_event_type) AS s ON g.columns -> 'columns' ? s.name AND s.is_constant
    WHERE p.read_table = v_source.read_table AND NOT g.columns ? 'of' AND s.name IS DISTINCT FROM status_column;
    SELECT
        array_agg(format('%I = %s', r.name, r.value) ORDER BY r.n)
            FILTER (WHERE r.is_changed AND NOT v_constants ? r.name),
        jsonb_object_agg(r.name, r.value),
        jsonb_object_agg(r.name, CASE WHEN r.is_changed THEN 't.' || quote_ident(r.name) ELSE r.value END)
            || v_constants,
        jsonb_object_agg(r.name, r.carried),
        jsonb_object_agg(r.name, CASE WHEN r.is_changed THEN 'was.' || quote_ident(r.name) ELSE r.carried END)
            || v_constants
    INTO assignments, v_stored, v_before, v_said, v_was
    FROM projection.row_after(p_definition, p_event_type, true) AS r;
    -- After an event of a lower rank, one of the same time is later, too.
    v_is_later := format(
        E't.%I %s\n        %s', v_time_column, CASE WHEN statuses IS NULL THEN '<' ELSE '<=' END,
        v_stored ->> v_time_column
    );
    conditions := v_is_later || ARRAY(
        SELECT format('t.%I = %s', c.key, c.value) FROM jsonb_each_text(v_constants) AS c
    );
    -- What the general way has to do: the row counts to another one above, or a bound may be taken back.
    FOR v_above IN
        SELECT c.same_row, c.guards FROM projection.registered_sources() AS s
        CROSS JOIN LATERAL projection.one_change(
            s.definition, v_source.source_table, v_stored, v_before, status_column, statuses
        ) AS c
        WHERE s.source_table = v_source.read_table
    LOOP
        IF NOT v_above.same_row THEN
            conditions := NULL;
            RETURN;
        END IF;
        conditions := conditions || ARRAY(
            SELECT g FROM unnest(v_above.guards) AS g
            WHERE g <> format('%s >= t.%I', v_stored ->> v_time_column, v_time_column) AND g <> ALL (conditions)
        );
    END LOOP;
    carry := projection.one_carries_text(
        v_source.read_table, v_source.source_table, v_said, v_was, status_column, statuses, p_shard_id
    );
    columns_before := ARRAY(
        SELECT c FROM unnest(projection.columns(v_source.read_table)) AS c
        WHERE strpos(carry, 'was.' || quote_ident(c)) > 0
    );
    -- The status alone is known without a look, by the condition that held.
    is_status_carried := columns_before = ARRAY[status_column] AND statuses IS NOT NULL;
    IF is_status_carried THEN
        columns_before := '{}';
    END IF;
END
$$;

COMMENT ON FUNCTION projection.one_later(text, text, bigint) IS
'What it takes to bring an event of a type to a known stream (t) where it is later than all before: the columns that '
'it says; the conditions, among them the values of the status column, if there is one, that it may follow; what is '
'carried to the tables above, and of which columns that has to know what they were. No conditions where such an event '
'always has to be folded.';

REVOKE ALL ON FUNCTION projection.one_later(text, text, bigint) FROM public;
