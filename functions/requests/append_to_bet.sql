SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.append_to_bet(
    p_tenant_id bigint, p_bet_id text, p_event_type text, p_event_data jsonb, p_idempotency_key text,
    OUT duplicate boolean, OUT placed jsonb, OUT settled jsonb, OUT event_time bigint, OUT event_id uuid
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_status text := projection.event_status(p_event_type);
    v_corrects boolean := p_event_type = 'V1_BETS_BET_SETTLEMENT_CORRECTED';
    v_event record;
    v_was text;
    v_is text;
    v_place bigint;
    v_number bigint;
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    SELECT extract(EPOCH FROM b.last_updated_at) * 1000 INTO event_time
    FROM public.bets_view AS b
    WHERE b.tenant_id = p_tenant_id AND b.bet_id = p_bet_id AND b.user_id IS NOT NULL;
    IF event_time IS NULL THEN
        PERFORM projection.refuse_unseen('bet', p_bet_id, p_tenant_id);
    END IF;
    -- Never before the last event, even if the clock was set back: the new event is to fold last. A correction comes
    -- after it: of two of the same time, their ids would decide.
    event_time := greatest(projection.current_ms(), event_time + v_corrects::integer);
    event_id := coalesce(projection.event_id(p_tenant_id, v_status, p_idempotency_key), gen_random_uuid());

    INSERT INTO public.bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
    VALUES (
        event_id, p_tenant_id, p_bet_id, p_event_type,
        CASE WHEN p_event_data -> 'reason' = 'null' THEN p_event_data - 'reason' ELSE p_event_data END, event_time, 1,
        CASE WHEN p_idempotency_key IS NULL THEN '{}' ELSE jsonb_build_object('idempotency_key', p_idempotency_key) END
    )
    ON CONFLICT DO NOTHING
    RETURNING feed_position, feed_number INTO v_place, v_number;
    duplicate := v_place IS NULL;
    IF duplicate THEN
        PERFORM projection.bet_of_request(
            p_tenant_id, event_id, p_idempotency_key, p_event_type,
            '{"allow_negative": false}' || p_event_data || jsonb_build_object('bet_id', p_bet_id)
        );
        RETURN;
    END IF;

    -- The trigger has locked the bet: the events seen now are all there are before ours.
    FOR v_event IN
        SELECT e.event_type, e.event_data, e."timestamp", e.feed_position, e.feed_number
        FROM public.bet_events AS e
        WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_bet_id AND e.id <> event_id
        ORDER BY e."timestamp" DESC, projection.event_order(e.event_type) DESC, e.id DESC
    LOOP
        -- By what the types say, as the read table: there may be another version of one, and types that say nothing.
        v_was := projection.event_status(v_event.event_type);
        CONTINUE WHEN v_was IS NULL;
        v_is := coalesce(v_is, v_was);
        IF v_was = 'cancelled' OR NOT v_corrects AND (v_was = 'settled' OR v_event.event_type = p_event_type) THEN
            PERFORM projection.refuse(projection.step_refusal(p_bet_id, v_event.event_type, p_event_type));
        END IF;
        -- Stored while we waited for the lock: later by its time, or behind us in the feed.
        IF v_event."timestamp" > event_time - v_corrects::integer
            OR (v_event.feed_position, v_event.feed_number) > (v_place, v_number)
        THEN
            RAISE EXCEPTION 'bet % was changed at the same moment', quote_literal(left(p_bet_id, 100))
                USING ERRCODE = 'serialization_failure', HINT = 'Call again.';
        END IF;
        IF v_was = 'placed' THEN
            placed := coalesce(placed, v_event.event_data);
        ELSIF v_was = 'settled' THEN
            settled := coalesce(settled, v_event.event_data);
        END IF;
    END LOOP;
    IF v_corrects AND settled IS NULL THEN
        RAISE EXCEPTION 'bet % is %: there is nothing to correct', quote_literal(left(p_bet_id, 100)), v_is
            USING ERRCODE = 'BL003', HINT = 'Settle or cancel it: settle_bet() and cancel_bet().';
    END IF;
END
$$;

COMMENT ON FUNCTION projection.append_to_bet(bigint, text, text, jsonb, text) IS
'Stores an event of a bet that exists for confirm_bet, settle_bet, cancel_bet and projection.correct_bet(): insert '
'first (its trigger locks the bet), then judge. Gives what the bet was placed and settled with before, and the event. '
'Errors: BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant; each '
'undoes the whole call.';

REVOKE ALL ON FUNCTION projection.append_to_bet(bigint, text, text, jsonb, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.append_to_bet(bigint, text, text, jsonb, text)
TO betledger_app, betledger_tenant, betledger_operator;
