SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.mark_empty(p_event_table text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL names tables of ours.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_read_tables text[] := projection.read_tables_of(p_event_table);
    v_event_table text;
    v_has_rows boolean;
    v_read_table text;
BEGIN
    FOR v_event_table IN SELECT DISTINCT t.event_table FROM projection.registered_types() AS t LOOP
        CONTINUE WHEN NOT v_read_tables && projection.read_tables_of(v_event_table);
        -- Citus keeps what the inner query gives: one row is enough, and it has to have a column.
        EXECUTE format('SELECT EXISTS (SELECT t.tenant_id FROM %s AS t LIMIT 1)', v_event_table) INTO v_has_rows;
        CONTINUE WHEN NOT v_has_rows;
        v_read_tables := ARRAY(
            SELECT unnest(v_read_tables) EXCEPT SELECT unnest(projection.read_tables_of(v_event_table))
        );
    END LOOP;
    FOREACH v_read_table IN ARRAY v_read_tables LOOP
        PERFORM projection.mark_folded(v_read_table);
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.mark_empty(text) IS
'Marks read tables of an event table as folded by their present definition where no event table that they follow from '
'holds an event: of no events, any definition makes the same rows. Called by projection.prove(). Example: SELECT '
'projection.mark_empty(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.mark_empty(text) FROM public;
