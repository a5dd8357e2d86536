SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.check_definitions(p_event_table text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_read_tables text[] := projection.read_tables_of(p_event_table);
    v_refusal record;
BEGIN
    SELECT r.* INTO v_refusal FROM projection.rule_refusals(v_read_tables) AS r LIMIT 1;
    IF NOT FOUND THEN
        SELECT r.* INTO v_refusal FROM projection.source_refusals(v_read_tables) AS r LIMIT 1;
    END IF;
    IF NOT FOUND THEN
        SELECT r.* INTO v_refusal FROM projection.event_type_refusals(p_event_table) AS r LIMIT 1;
    END IF;
    IF FOUND THEN
        PERFORM projection.refuse_definition(v_refusal.what, v_refusal.problem, v_refusal.remedy);
    END IF;
END
$$;

COMMENT ON FUNCTION projection.check_definitions(text) IS
'Refuses what cannot be compiled, for an event table and the read tables that follow from it: a column, an event type '
'or a definition, with the remedy. Error: BL020. Example: SELECT projection.check_definitions(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.check_definitions(text) FROM public;
