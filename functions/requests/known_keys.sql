SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.known_keys(p_tenant_id bigint, p_event_table text, p_keys text[])
RETURNS jsonb
LANGUAGE plpgsql
AS $$
BEGIN
    -- On Citus a transaction stays with one user.
    IF projection.is_walled_in() AND NOT projection.is_distributed('public.bet_events') THEN
        RETURN projection.known_keys_own(p_event_table, p_keys);
    END IF;
    RETURN (
        SELECT jsonb_object_agg(k.key, to_jsonb(k) - 'key')
        FROM (
            SELECT
                e.metadata ->> 'idempotency_key' AS key, e.metadata ->> 'batch' AS batch, e.aggregate_id, e.event_type,
                e.event_data
            FROM public.bet_events AS e
            WHERE p_event_table = 'public.bet_events' AND e.tenant_id = p_tenant_id
                AND e.metadata ->> 'idempotency_key' = ANY (p_keys)
            UNION ALL
            SELECT
                e.metadata ->> 'idempotency_key', e.metadata ->> 'batch', e.aggregate_id, e.event_type, e.event_data
            FROM public.payment_events AS e
            WHERE p_event_table = 'public.payment_events' AND e.tenant_id = p_tenant_id
                AND e.metadata ->> 'idempotency_key' = ANY (p_keys)
        ) AS k
    );
END
$$;

COMMENT ON FUNCTION projection.known_keys(bigint, text, text[]) IS
'The events of bets or payments with one of these idempotency keys, by key: batch, aggregate_id, event_type and '
'event_data; null where there are none. Called by functions that pin search_path. Example: SELECT '
'projection.known_keys(10001, ''public.bet_events'', ''{key-1,key-2}'').';

REVOKE ALL ON FUNCTION projection.known_keys(bigint, text, text[]) FROM public;

GRANT EXECUTE ON FUNCTION projection.known_keys(bigint, text, text[]) TO betledger_app, betledger_tenant;
