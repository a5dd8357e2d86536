SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.attach(p_event_table text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL names the table that is given, which only the owner calls it with.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_name text := split_part(p_event_table, '.', 2);
    v_trigger record;
BEGIN
    -- The policy of the table, with a refusal in words. First, since it takes the strongest lock: a writer that has
    -- read the table and is about to write it would wait for the triggers, and this for the writer.
    IF EXISTS (
        SELECT FROM pg_policy AS p
        WHERE p.polrelid = p_event_table::regclass AND p.polname = 'own_tenant'
            AND pg_get_expr(p.polwithcheck, p.polrelid) IS DISTINCT FROM
                '(((tenant_id = projection.own_tenant()) OR projection.require_tenant(tenant_id)) AND '
                '((COALESCE(current_setting(''app.idempotency_key''::text, true), ''''::text) = ''''::text) '
                'OR projection.require_key((metadata ->> ''idempotency_key''::text))))'
    ) THEN
        EXECUTE format(
            'ALTER POLICY own_tenant ON %s'
            ' WITH CHECK ((tenant_id = projection.own_tenant() OR projection.require_tenant(tenant_id))'
            ' AND (coalesce(current_setting(''app.idempotency_key'', true), '''') = '''''
            ' OR projection.require_key(metadata ->> ''idempotency_key'')))', p_event_table
        );
    END IF;
    -- What is there already is left alone: whoever writes to the table would have to wait.
    FOR v_trigger IN
        SELECT d.definition
        FROM (VALUES
            (format(
                'TRIGGER receive_event BEFORE INSERT ON %s'
                ' FOR EACH ROW EXECUTE FUNCTION projection.%I()', p_event_table, v_name || '_received'
            )),
            (format(
                'TRIGGER project_inserted AFTER INSERT ON %s REFERENCING NEW TABLE AS new_events'
                ' FOR EACH STATEMENT EXECUTE FUNCTION projection.%I()', p_event_table, v_name || '_inserted'
            )),
            (format(
                'TRIGGER project_key_removed AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_events'
                ' FOR EACH STATEMENT EXECUTE FUNCTION projection.%I()', p_event_table, v_name || '_key_removed'
            )),
            (format(
                'TRIGGER guard_event BEFORE DELETE OR UPDATE ON %s'
                ' FOR EACH ROW EXECUTE FUNCTION projection.guard_event()', p_event_table
            )),
            (format(
                'TRIGGER guard_truncate BEFORE TRUNCATE ON %s'
                ' FOR EACH STATEMENT EXECUTE FUNCTION projection.guard_event()', p_event_table
            ))
        ) AS d (definition)
        WHERE NOT EXISTS (
            SELECT FROM pg_trigger AS t
            WHERE t.tgrelid = p_event_table::regclass AND t.tgenabled = 'O'
                AND pg_get_triggerdef(t.oid) = 'CREATE ' || d.definition
        )
    LOOP
        EXECUTE 'CREATE OR REPLACE ' || v_trigger.definition;
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.attach(text) IS
'Makes the triggers of an event table, which call what projection.compile() makes: receive_event, project_inserted, '
'project_key_removed, guard_event and guard_truncate. Then GRANT INSERT, in a transaction of its own. Migrations may '
'rely on it. Example: SELECT projection.attach(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.attach(text) FROM public;
