SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.bet_event_of_request(
    p_tenant_id bigint, p_id uuid, p_key text, OUT aggregate_id text, OUT event_type text, OUT event_data jsonb
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- By the id that a function makes from the key; else by the key, which a client may have inserted itself.
    SELECT e.aggregate_id, e.event_type, e.event_data INTO aggregate_id, event_type, event_data
    FROM public.bet_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.id = p_id
    UNION ALL
    SELECT e.aggregate_id, e.event_type, e.event_data
    FROM public.bet_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.metadata ->> 'idempotency_key' = p_key
    LIMIT 1;
END
$$;

COMMENT ON FUNCTION projection.bet_event_of_request(bigint, uuid, text) IS
'The event that was stored for an earlier request with the same idempotency key; nulls when there is none.';

REVOKE ALL ON FUNCTION projection.bet_event_of_request(bigint, uuid, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.bet_event_of_request(bigint, uuid, text) TO betledger_app, betledger_tenant;
