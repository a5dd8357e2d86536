SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.row_after(p_definition text, p_event_type text, p_is_known boolean)
RETURNS TABLE (n bigint, name text, value text, is_changed boolean, carried text)
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
    RETURN QUERY
    SELECT r.n, r.name, r.value, r.value <> 't.' || quote_ident(r.name) AND NOT r.is_key,
        CASE WHEN r.is_key OR r.value = 'NULL' OR r.is_constant AND r.value = r.said
            THEN r.value ELSE 'said.' || quote_ident(r.name) END
    FROM (
        SELECT c.n, c.name, c.is_key, s.is_constant, s.value AS said, CASE
            WHEN c.is_key OR c.is_latest AND c.is_said THEN s.value
            WHEN c.is_latest THEN CASE WHEN p_is_known THEN 't.' || quote_ident(c.name) ELSE 'NULL' END
            WHEN NOT p_is_known THEN s.value
            -- The event is later than all before.
            WHEN s.value = v_said_when AND c.is_lowest THEN 't.' || quote_ident(c.name)
            WHEN s.value = v_said_when THEN s.value
            ELSE format('%s(t.%I, %s)', CASE WHEN c.is_lowest THEN 'least' ELSE 'greatest' END, c.name, s.value)
        END AS value
        FROM (
            SELECT a.n, a.name, a.name = ANY (v_read.key_columns) AS is_key,
                a.name = ANY (v_read.lowest_columns) AS is_lowest, g.columns IS NOT NULL AS is_latest,
                NOT g.columns ? 'of' OR g.columns -> 'of' ? p_event_type AS is_said
            FROM unnest(projection.columns(v_read.read_table)) WITH ORDINALITY AS a (name, n)
            LEFT JOIN jsonb_array_elements(v_read.latest) AS g (columns) ON g.columns -> 'columns' ? a.name
        ) AS c
        JOIN projection.said_by(p_definition, p_event_type) AS s ON s.name = c.name
    ) AS r;
END
$$;

COMMENT ON FUNCTION projection.row_after(text, text, boolean) IS
'The row of a stream after an event of a type: of a stream that begins with it, or of one that is known (t) and all of '
'whose events are earlier. For each column the expression, whether it changes a known row, and how what is carried to '
'the tables above refers to it: a constant, the key, or what was stored (said).';

REVOKE ALL ON FUNCTION projection.row_after(text, text, boolean) FROM public;
