SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.end_bonus(
    p_tenant_id bigint, p_bonus_id text, p_event_type text, p_event_data jsonb,
    OUT duplicate boolean, OUT user_id text, OUT amount numeric, OUT event_time bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_id uuid;
    v_ended text;
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    SELECT b.user_id, b.amount, extract(EPOCH FROM b.last_updated_at) * 1000 INTO user_id, amount, event_time
    FROM public.bonuses_view AS b
    WHERE b.tenant_id = p_tenant_id AND b.bonus_id = p_bonus_id AND b.user_id IS NOT NULL;
    IF NOT FOUND THEN
        PERFORM projection.refuse_unseen('bonus', p_bonus_id, p_tenant_id);
    END IF;
    -- A bonus ends once, so that this event has one id: who comes second waits for the first, and finds it.
    v_id := projection.event_id(p_tenant_id, p_event_type, p_bonus_id);
    -- Never before the last event, even if the clock was set back.
    event_time := greatest(projection.current_ms(), event_time);
    INSERT INTO public.bonus_events (
        id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata
    )
    VALUES (v_id, p_tenant_id, p_bonus_id, p_event_type, p_event_data, event_time, 1, '{}')
    ON CONFLICT DO NOTHING;
    duplicate := NOT FOUND;
    IF duplicate THEN
        RETURN;
    END IF;
    -- The trigger has locked the row of the bonus: the events that are seen now are all there are before ours.
    SELECT projection.event_status(e.event_type) INTO v_ended
    FROM public.bonus_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_bonus_id AND e.id <> v_id
        AND projection.event_status(e.event_type) IN ('converted', 'expired')
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'bonus % is % already, and cannot be %',
            quote_literal(left(p_bonus_id, 100)), v_ended, projection.event_status(p_event_type)
            USING ERRCODE = 'BL003', HINT = 'A bonus is converted or expires, and stays so.';
    END IF;
END
$$;

COMMENT ON FUNCTION projection.end_bonus(bigint, text, text, jsonb) IS
'Stores the event that ends a bonus, for convert_bonus and expire_bonus: insert first (its trigger locks the bonus), '
'then judge. Gives whether it was stored before, whose the bonus is, and what it is worth. Errors: BL002 no such '
'bonus, BL003 it has ended otherwise, BL006 foreign tenant; each undoes the whole call.';

REVOKE ALL ON FUNCTION projection.end_bonus(bigint, text, text, jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.end_bonus(bigint, text, text, jsonb) TO betledger_app, betledger_tenant;
