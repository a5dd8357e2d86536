SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_change(
    p_definition text, p_event_table text, p_new jsonb, p_was jsonb, p_column text, p_values text[],
    OUT assignments text[], OUT key text[], OUT plus jsonb, OUT minus jsonb, OUT deltas jsonb, OUT condition text,
    OUT same_row boolean, OUT guards text[]
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source projection.sources%ROWTYPE;
    v_read projection.projections%ROWTYPE;
    v_bounds text[];
    v_nothing jsonb;
BEGIN
    SELECT s.* INTO v_source FROM projection.registered_sources() AS s WHERE s.definition = p_definition;
    SELECT p.* INTO v_read FROM projection.registered_projections() AS p WHERE p.read_table = v_source.read_table;
    v_bounds := v_read.lowest_columns || v_read.highest_columns;
    v_nothing := projection.nothing_said(p_definition);
    SELECT
        array_agg(
            projection.added(
                v_source.read_table, n.name,
                CASE WHEN NOT n.is_zero THEN n.value END,
                CASE WHEN NOT o.is_zero THEN o.value END
            ) ORDER BY n.n
        ) FILTER (
            WHERE NOT n.is_key AND n.value IS DISTINCT FROM coalesce(o.value, CASE WHEN n.is_zero THEN n.value END)
        ),
        array_agg(format('t.%I = %s', n.name, n.value) ORDER BY n.n) FILTER (WHERE n.is_key),
        v_nothing || jsonb_object_agg(n.name, n.value),
        CASE WHEN p_was IS NOT NULL THEN v_nothing || jsonb_object_agg(n.name, o.value) END,
        jsonb_object_agg(n.name, CASE
            WHEN n.is_key OR o.value IS NULL OR o.is_zero THEN n.value
            WHEN n.is_zero THEN format('(- %s)', o.value)
            ELSE format('(%s - %s)', n.value, o.value)
        END)
            FILTER (WHERE n.is_key OR n.value IS DISTINCT FROM o.value),
        min(n.condition),
        p_was IS NULL
            OR coalesce(bool_and(n.value = o.value) FILTER (WHERE n.is_key), false)
                AND min(n.condition) IS NOT DISTINCT FROM min(o.condition),
        array_agg(
            format(CASE WHEN n.name = ANY (v_read.lowest_columns) THEN '%s <= %s' ELSE '%s >= %s' END, n.value, o.value)
            ORDER BY n.n
        ) FILTER (WHERE n.name = ANY (v_bounds) AND n.value <> o.value)
    INTO assignments, key, plus, minus, deltas, condition, same_row, guards
    FROM (
        SELECT s.*, s.name = ANY (v_read.key_columns) AS is_key, row_number() OVER () AS n
        FROM projection.said_now(p_definition, p_event_table, p_new) AS s
    ) AS n
    LEFT JOIN projection.said_now(p_definition, p_event_table, p_was, p_column, p_values) AS o USING (name);
    IF v_read.kind = 'slots' THEN
        key := key || ('t.slot = ' || projection.slot_text(p_definition));
    END IF;
END
$$;

COMMENT ON FUNCTION projection.one_change(text, text, jsonb, jsonb, text, text[]) IS
'What it does to a read table that one row of its source is new, or changes: both are given as expressions by column. '
'Gives the assignments and key of the UPDATE; the rows that count from now on and counted until now; by how much each '
'column changes; the condition under which the row counts; whether it counts to the same row as before; and what must '
'hold, because a lowest or highest value cannot be taken back. The last two arguments say that a column of the row '
'before has one of a few values.';

REVOKE ALL ON FUNCTION projection.one_change(text, text, jsonb, jsonb, text, text[]) FROM public;
