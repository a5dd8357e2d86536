SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.append_to_bet(
    p_tenant_id bigint, p_bet_id text, p_event_type text, p_event_data jsonb, p_idempotency_key text,
    OUT duplicate boolean, OUT placed jsonb, OUT event_time bigint
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_status text := projection.event_status(p_event_type);
    v_event_id uuid;
    v_event record;
    v_was text;
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    SELECT extract(EPOCH FROM b.last_updated_at) * 1000 INTO event_time
    FROM public.bets_view AS b
    WHERE b.tenant_id = p_tenant_id AND b.bet_id = p_bet_id AND b.user_id IS NOT NULL;
    IF event_time IS NULL THEN
        PERFORM projection.refuse_unseen('bet', p_bet_id, p_tenant_id);
    END IF;
    -- Never before the last event, even if the clock was set back: the new event is to fold last.
    event_time := greatest(projection.current_ms(), event_time);
    v_event_id := coalesce(projection.event_id(p_tenant_id, v_status, p_idempotency_key), gen_random_uuid());

    INSERT INTO public.bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
    VALUES (
        v_event_id, p_tenant_id, p_bet_id, p_event_type,
        CASE WHEN p_event_data -> 'reason' = 'null' THEN p_event_data - 'reason' ELSE p_event_data END, event_time, 1,
        CASE WHEN p_idempotency_key IS NULL THEN '{}' ELSE jsonb_build_object('idempotency_key', p_idempotency_key) END
    )
    ON CONFLICT DO NOTHING;
    duplicate := NOT FOUND;
    IF duplicate THEN
        PERFORM projection.bet_of_request(
            p_tenant_id, v_event_id, p_idempotency_key, p_event_type,
            p_event_data || jsonb_build_object('bet_id', p_bet_id)
        );
        RETURN;
    END IF;

    -- The trigger has locked the bet: the events seen now are all there are before ours.
    FOR v_event IN
        SELECT e.event_type, e.event_data, e."timestamp"
        FROM public.bet_events AS e
        WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_bet_id AND e.id <> v_event_id
        ORDER BY e."timestamp" DESC, e.id DESC
    LOOP
        -- By what the types say, as the read table: there may be another version of one, and types that say nothing.
        v_was := projection.event_status(v_event.event_type);
        CONTINUE WHEN v_was IS NULL;
        IF v_was IN (v_status, 'settled', 'cancelled') THEN
            RAISE EXCEPTION 'bet % is %: it cannot be %', quote_literal(left(p_bet_id, 100)), v_was, v_status
                USING ERRCODE = 'BL003',
                HINT = 'placed can be confirmed, settled or cancelled; confirmed can be settled or cancelled.';
        END IF;
        IF v_event."timestamp" > event_time THEN
            RAISE EXCEPTION 'bet % was changed at the same moment', quote_literal(left(p_bet_id, 100))
                USING ERRCODE = 'serialization_failure', HINT = 'Call again.';
        END IF;
        IF v_event.event_type = 'V1_BETS_BET_PLACED' THEN
            placed := coalesce(placed, v_event.event_data);
        END IF;
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.append_to_bet(bigint, text, text, jsonb, text) IS
'Stores an event of a bet that exists for confirm_bet, settle_bet and cancel_bet: insert first (its trigger locks the '
'bet), then judge. Errors: BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 '
'foreign tenant; each undoes the whole call.';

REVOKE ALL ON FUNCTION projection.append_to_bet(bigint, text, text, jsonb, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.append_to_bet(bigint, text, text, jsonb, text) TO betledger_app, betledger_tenant;
