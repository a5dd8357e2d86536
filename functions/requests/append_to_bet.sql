SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.append_to_bet(
    p_tenant_id bigint, p_bet_id text, p_kind text, p_event_data jsonb, p_idempotency_key text,
    OUT duplicate boolean, OUT placed jsonb, OUT event_time bigint, OUT event_id uuid
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_event_type text := 'V1_BETS_BET_' || p_kind;
    v_stored record;
    v_seen record;
    v_last bigint;
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    SELECT extract(EPOCH FROM b.last_updated_at) * 1000 INTO v_last
    FROM public.bets_view AS b
    WHERE b.tenant_id = p_tenant_id AND b.bet_id = p_bet_id AND b.user_id IS NOT NULL;
    IF v_last IS NULL THEN
        RAISE EXCEPTION 'bet % of tenant % does not exist', coalesce(quote_literal(p_bet_id), 'null'), p_tenant_id
            USING ERRCODE = 'BL002', HINT = 'Send the bet_id that place_bet gave, and the tenant that it was placed with.';
    END IF;
    -- Never before the last event, even if the clock was set back: the new event is to fold last.
    event_time := greatest(projection.current_ms(), v_last);
    event_id := coalesce(projection.event_id(p_tenant_id, lower(p_kind), p_idempotency_key), gen_random_uuid());

    INSERT INTO public.bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
    VALUES (
        event_id, p_tenant_id, p_bet_id, v_event_type, CASE WHEN p_event_data -> 'reason' = 'null' THEN p_event_data - 'reason' ELSE p_event_data END, event_time, 1,
        '{}'::jsonb || CASE WHEN p_idempotency_key IS NULL THEN '{}' ELSE jsonb_build_object('idempotency_key', p_idempotency_key) END
    )
    ON CONFLICT DO NOTHING;
    duplicate := NOT FOUND;
    IF duplicate THEN
        SELECT s.* INTO v_stored FROM projection.bet_event_of_request(p_tenant_id, event_id, p_idempotency_key) AS s;
        PERFORM projection.require_same_request(
            p_idempotency_key, v_stored.event_type, v_event_type,
            v_stored.event_data || jsonb_build_object('bet_id', v_stored.aggregate_id), p_event_data || jsonb_build_object('bet_id', p_bet_id)
        );
        RETURN;
    END IF;

    -- The trigger has locked the bet: the events seen now are all there are before ours.
    SELECT
        bool_or(e.event_type = v_event_type) AS done,
        max(lower(substr(e.event_type, 13))) FILTER (WHERE e.event_type IN ('V1_BETS_BET_SETTLED', 'V1_BETS_BET_CANCELLED')) AS final,
        max(e."timestamp") AS last,
        (array_agg(e.event_data ORDER BY e."timestamp" DESC, e.id DESC) FILTER (WHERE e.event_type = 'V1_BETS_BET_PLACED'))[1] AS placed
    INTO v_seen
    FROM public.bet_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_bet_id AND e.id <> append_to_bet.event_id;
    IF v_seen.final IS NOT NULL OR v_seen.done THEN
        RAISE EXCEPTION 'bet % is %: it cannot be %', quote_literal(p_bet_id), coalesce(v_seen.final, lower(p_kind)), lower(p_kind)
            USING ERRCODE = 'BL003', HINT = 'placed can be confirmed, settled or cancelled; confirmed can be settled or cancelled.';
    END IF;
    IF v_seen.last > event_time THEN
        RAISE EXCEPTION 'bet % was changed at the same moment', quote_literal(p_bet_id)
            USING ERRCODE = 'serialization_failure', HINT = 'Call again.';
    END IF;
    placed := v_seen.placed;
END
$$;

COMMENT ON FUNCTION projection.append_to_bet(bigint, text, text, jsonb, text) IS
'Stores an event of a bet that exists for confirm_bet, settle_bet and cancel_bet: insert first (its trigger locks the bet), then judge. Errors: BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant; each undoes the whole call.';

REVOKE ALL ON FUNCTION projection.append_to_bet(bigint, text, text, jsonb, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.append_to_bet(bigint, text, text, jsonb, text) TO betledger_app, betledger_tenant;
