SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.said_now(
    p_definition text, p_event_table text, p_row jsonb, p_column text DEFAULT NULL, p_values text[] DEFAULT NULL
)
RETURNS TABLE (name text, value text, is_zero boolean, condition text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_rows jsonb;
    v_source text := (
        SELECT s.source_table FROM projection.registered_sources() AS s WHERE s.definition = p_definition
    );
BEGIN
    v_rows := jsonb_build_object('e', p_event_table, 't', v_source, 'said', v_source, 'was', v_source);
    IF p_row IS NULL THEN
        RETURN;
    ELSIF v_source = p_event_table THEN
        RETURN QUERY
        SELECT s.name, s.value, s.is_zero, s.condition
        FROM projection.said_by(p_definition, p_row ->> 'event_type') AS s;
    ELSE
        RETURN QUERY
        SELECT s.name,
            CASE WHEN count(DISTINCT k.value) = 1 THEN min(k.value) ELSE s.value END,
            CASE WHEN count(DISTINCT k.value) = 1 THEN bool_and(k.is_zero) ELSE s.is_zero END,
            s.condition
        FROM projection.simplified(p_definition, projection.row_of(v_source, p_row), v_rows) AS s
        -- Where it is the same whichever of a few known values a column has, the column need not be asked.
        LEFT JOIN unnest(p_values) AS v ON true
        LEFT JOIN LATERAL projection.simplified(
            p_definition, projection.row_of(v_source, p_row || jsonb_build_object(coalesce(p_column, ''), v)), v_rows
        ) AS k ON k.name = s.name AND v IS NOT NULL
        GROUP BY s.name, s.value, s.is_zero, s.condition, s.n ORDER BY s.n;
    END IF;
END
$$;

COMMENT ON FUNCTION projection.said_now(text, text, jsonb, text, text[]) IS
'What compiled code for one event writes for each column of which a definition speaks. The row is that of the source '
'of the definition, as expressions by column over the event (e), the row as it is (t), as it was, and as it is stored '
'(said); of an event table it gives the type of the event. The last two arguments say that a column of the row has one '
'of a few values.';

REVOKE ALL ON FUNCTION projection.said_now(text, text, jsonb, text, text[]) FROM public;
