SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.grant_bonus(
    p_tenant_id bigint, p_user_id text, p_amount numeric, p_idempotency_key text DEFAULT NULL
)
RETURNS public.bonus_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_type constant text := 'V1_BONUSES_BONUS_GRANTED';
    v_sent jsonb := jsonb_build_object('user_id', p_user_id, 'amount', p_amount);
    v_id uuid;
    v_bonus_id text;
    v_stored record;
BEGIN
    -- Over HTTP the key is a header of the request.
    p_idempotency_key := projection.key_of_call(p_idempotency_key);
    PERFORM projection.refuse_missing(p_tenant_id, p_idempotency_key);
    -- The same call makes the same id, so that it is recognised after its key has expired, too.
    v_id := projection.event_id(p_tenant_id, 'grant_bonus', p_idempotency_key);
    v_bonus_id := 'bonus-' || v_id;
    INSERT INTO public.bonus_events (
        id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata
    )
    VALUES (
        v_id, p_tenant_id, v_bonus_id, v_type, v_sent, projection.current_ms(), 1,
        jsonb_build_object('idempotency_key', p_idempotency_key)
    )
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN projection.bonus_result(p_tenant_id, v_bonus_id, false);
    END IF;

    -- Known by its id, or by its key, where a client has inserted the event.
    SELECT e.aggregate_id, e.event_type, e.event_data INTO v_stored
    FROM public.bonus_events AS e WHERE e.tenant_id = p_tenant_id AND e.id = v_id;
    IF NOT FOUND THEN
        SELECT e.aggregate_id, e.event_type, e.event_data INTO v_stored
        FROM public.bonus_events AS e
        WHERE e.tenant_id = p_tenant_id AND e.metadata ->> 'idempotency_key' = p_idempotency_key;
    END IF;
    PERFORM projection.require_same_request(
        p_idempotency_key, v_stored.event_type, v_type, v_stored.event_data, v_sent
    );
    RETURN projection.bonus_result(p_tenant_id, v_stored.aggregate_id, true);
END
$$;

COMMENT ON FUNCTION public.grant_bonus(bigint, text, numeric, text) IS
'Grants a bonus. Amount in the currency of the tenant, above 0. Gives the row of bonuses_view; duplicate is true when '
'the key was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL005 the key '
'was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant. Example: SELECT * FROM '
'public.grant_bonus(10001, ''user-1'', 25, ''key-1'').';

REVOKE ALL ON FUNCTION public.grant_bonus(bigint, text, numeric, text) FROM public;

GRANT EXECUTE ON FUNCTION public.grant_bonus(bigint, text, numeric, text) TO betledger_app, betledger_tenant;
