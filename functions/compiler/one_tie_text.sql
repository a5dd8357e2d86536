SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_tie_text(p_definition text, p_event_type text, p_said_when text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source projection.sources%ROWTYPE;
    v_rank smallint;
    v_column text;
    v_values text[];
BEGIN
    SELECT s.* INTO v_source FROM projection.sources AS s WHERE s.definition = p_definition;
    SELECT t.rank INTO v_rank FROM projection.event_types AS t
    WHERE t.event_table = v_source.source_table AND t.event_type = p_event_type;
    -- A column that every event says, by a constant of its type, tells what the last event was.
    SELECT s.name, array_agg(DISTINCT s.value) FILTER (WHERE s.highest_rank < v_rank) INTO v_column, v_values
    FROM (
        SELECT d.name, d.value, max(t.rank) AS highest_rank, bool_and(d.is_constant) AS is_constant
        FROM projection.event_types AS t
        CROSS JOIN LATERAL projection.said_by(p_definition, t.event_type) AS d
        JOIN projection.projections AS p ON p.read_table = v_source.read_table
        WHERE t.event_table = v_source.source_table AND t.has_effect AND EXISTS (
            SELECT FROM jsonb_array_elements(p.latest) AS g (columns)
            WHERE g.columns -> 'columns' ->> 0 = d.name AND NOT g.columns ? 'of'
        )
        GROUP BY d.name, d.value
    ) AS s
    GROUP BY s.name HAVING bool_and(s.is_constant) ORDER BY s.name LIMIT 1;
    RETURN format(
        '%s = was.%I AND was.%I IN (%s)', p_said_when, projection.time_column(p_definition), v_column,
        array_to_string(v_values, ', ')
    );
END
$$;

COMMENT ON FUNCTION projection.one_tie_text(text, text, text) IS
'The condition that an event of a type follows the last one of its stream though their times are equal, since its rank is '
'higher; null where that cannot be told from the row.';

REVOKE ALL ON FUNCTION projection.one_tie_text(text, text, text) FROM public;
