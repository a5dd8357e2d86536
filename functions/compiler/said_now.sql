SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.said_now(p_definition text, p_event_table text, p_row jsonb)
RETURNS TABLE (name text, value text, is_zero boolean, condition text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source text := (SELECT s.source_table FROM projection.sources AS s WHERE s.definition = p_definition);
BEGIN
    IF p_row IS NULL THEN
        RETURN;
    ELSIF v_source = p_event_table THEN
        RETURN QUERY
        SELECT s.name, s.said_as, s.is_zero, s.condition
        FROM projection.said_by(p_definition, p_row ->> 'event_type') AS s;
    ELSE
        RETURN QUERY
        SELECT s.name, s.value, s.is_zero, s.condition
        FROM projection.simplified(
            p_definition, projection.row_of(v_source, p_row),
            jsonb_build_object('e', p_event_table, 'said', v_source, 'was', v_source)
        ) AS s;
    END IF;
END
$$;

COMMENT ON FUNCTION projection.said_now(text, text, jsonb) IS
'What compiled code for one event writes for each column of which a definition speaks. The row is that of the source of the '
'definition, as expressions by column over the event (e), its variables (said) and the row before (was); of an event table '
'it gives the type of the event.';

REVOKE ALL ON FUNCTION projection.said_now(text, text, jsonb) FROM public;
