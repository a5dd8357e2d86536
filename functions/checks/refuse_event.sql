-- requires: functions/checks/event_problem.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse_event(p_event_table text, p_event jsonb)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_refusal projection.refusal := projection.event_problem(p_event_table, p_event);
BEGIN
    -- What is left is a JSON null, which looks like no metadata in a record.
    RAISE EXCEPTION '%', coalesce(v_refusal.message, (p_event ->> 'event_type') || ': metadata is a JSON null')
        USING ERRCODE = 'BL001', HINT = coalesce(v_refusal.hint, 'Send a JSON object or null.');
END
$$;

COMMENT ON FUNCTION projection.refuse_event(text, jsonb) IS
'Raises BL001 with the field of an event that is wrong, its value and what to send instead. Called by the check of an '
'event table once it has failed.';

REVOKE ALL ON FUNCTION projection.refuse_event(text, jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.refuse_event(text, jsonb)
TO betledger_app, betledger_tenant, betledger_operator;
