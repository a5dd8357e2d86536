SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.attach(p_event_table text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_name text := split_part(p_event_table, '.', 2);
BEGIN
    -- The policy of the table, with a refusal in words. First, since it takes the strongest lock: a writer that has
    -- read the table and is about to write it would wait for the triggers, and this for the writer.
    EXECUTE format(
        'ALTER POLICY own_tenant ON %s'
        ' WITH CHECK (tenant_id = projection.own_tenant() OR projection.require_tenant(tenant_id))', p_event_table
    );
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER refuse_malformed BEFORE INSERT ON %s'
        ' FOR EACH ROW EXECUTE FUNCTION projection.refuse_malformed(%L)', p_event_table, p_event_table
    );
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER project_inserted AFTER INSERT ON %s REFERENCING NEW TABLE AS new_events'
        ' FOR EACH STATEMENT EXECUTE FUNCTION projection.%I()', p_event_table, v_name || '_inserted'
    );
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER project_key_removed AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_events'
        ' FOR EACH STATEMENT EXECUTE FUNCTION projection.%I()', p_event_table, v_name || '_key_removed'
    );
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER guard_event BEFORE UPDATE OR DELETE ON %s'
        ' FOR EACH ROW EXECUTE FUNCTION projection.guard_event()', p_event_table
    );
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER guard_truncate BEFORE TRUNCATE ON %s'
        ' FOR EACH STATEMENT EXECUTE FUNCTION projection.guard_event()', p_event_table
    );
END
$$;

COMMENT ON FUNCTION projection.attach(text) IS
'Makes the triggers of an event table, which call what projection.compile() makes: refuse_malformed, project_inserted, '
'project_key_removed, guard_event and guard_truncate. Example: SELECT projection.attach(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.attach(text) FROM public;
