SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.known_table(p_name text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_event_tables text[] := (SELECT array_agg(DISTINCT t.event_table) FROM projection.registered_types() AS t);
    v_table text;
    v_hint text;
BEGIN
    SELECT t.name INTO v_table
    FROM unnest(v_event_tables) AS t (name) WHERE p_name IN (t.name, split_part(t.name, '.', 2));
    RETURN coalesce(v_table, projection.read_table(p_name));
EXCEPTION WHEN SQLSTATE 'BL001' THEN
    GET STACKED DIAGNOSTICS v_hint = PG_EXCEPTION_HINT;
    RAISE EXCEPTION '%', SQLERRM
        USING ERRCODE = 'BL001', HINT = format('%s Event tables: %s.', v_hint, array_to_string(v_event_tables, ', '));
END
$$;

COMMENT ON FUNCTION projection.known_table(text) IS
'The event table or read table that a name means, with its schema. Error: BL001 unknown projection. '
'Example: SELECT projection.known_table(''bet_events'').';

REVOKE ALL ON FUNCTION projection.known_table(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.known_table(text) TO betledger_operator;
