SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.row_after(p_definition text, p_event_type text, p_is_known boolean)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_read projection.projections%ROWTYPE;
    v_time_column text := projection.time_column(p_definition);
    v_said_when text;
BEGIN
    SELECT p.* INTO v_read
    FROM projection.registered_sources() AS s JOIN projection.registered_projections() AS p USING (read_table)
    WHERE s.definition = p_definition;
    SELECT s.value INTO v_said_when
    FROM projection.said_by(p_definition, p_event_type) AS s WHERE s.name = v_time_column;
    RETURN (
        SELECT jsonb_object_agg(c.name, CASE
            WHEN c.name = ANY (v_read.key_columns) THEN s.said_as
            WHEN c.is_latest AND c.is_said THEN s.said_as
            WHEN c.is_latest THEN CASE WHEN p_is_known THEN 'was.' || quote_ident(c.name) ELSE 'NULL' END
            WHEN NOT p_is_known THEN s.said_as
            -- The event is later than all before.
            WHEN s.value = v_said_when AND c.name = ANY (v_read.lowest_columns) THEN 'was.' || quote_ident(c.name)
            WHEN s.value = v_said_when THEN s.said_as
            ELSE format(
                '%s(was.%I, %s)',
                CASE WHEN c.name = ANY (v_read.lowest_columns) THEN 'least' ELSE 'greatest' END,
                c.name, s.said_as
            )
        END)
        FROM (
            SELECT a.name, g.columns IS NOT NULL AS is_latest,
                NOT g.columns ? 'of' OR g.columns -> 'of' ? p_event_type AS is_said
            FROM unnest(projection.columns(v_read.read_table)) AS a (name)
            LEFT JOIN jsonb_array_elements(v_read.latest) AS g (columns) ON g.columns -> 'columns' ? a.name
        ) AS c
        JOIN projection.said_by(p_definition, p_event_type) AS s ON s.name = c.name
    );
END
$$;

COMMENT ON FUNCTION projection.row_after(text, text, boolean) IS
'The row of a stream after an event of a type, as expressions by column: of a stream that begins with it, or of one '
'that is known ("was") and all of whose events are earlier.';

REVOKE ALL ON FUNCTION projection.row_after(text, text, boolean) FROM public;
