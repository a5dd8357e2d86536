SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.store_items(
    p_tenant_id bigint, p_items projection.batch_item[], p_event_type text, p_now bigint, p_batch text
)
RETURNS TABLE (place bigint, number bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
BEGIN
    -- In the order of keys: two batches that have keys in common wait for each other only once.
    IF p_event_type LIKE 'V1_BETS_%' THEN
        RETURN QUERY INSERT INTO public.bet_events (
            id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata
        )
        SELECT
            i.event_id, p_tenant_id, i.aggregate_id, p_event_type, i.event_data, greatest(p_now, i.event_time), 1,
            CASE
                WHEN i.is_derived THEN jsonb_build_object('idempotency_key', i.idempotency_key, 'batch', p_batch)
                WHEN i.idempotency_key IS NOT NULL THEN jsonb_build_object('idempotency_key', i.idempotency_key)
                ELSE '{}'
            END
        FROM unnest(p_items) AS i
        WHERE NOT i.duplicate AND i.refusal IS NULL
        ORDER BY i.idempotency_key COLLATE "C", i.event_id
        RETURNING feed_position, feed_number;
    ELSE
        RETURN QUERY INSERT INTO public.payment_events (
            id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata
        )
        SELECT
            i.event_id, p_tenant_id, i.aggregate_id, p_event_type, i.event_data, greatest(p_now, i.event_time), 1,
            CASE
                WHEN i.is_derived THEN jsonb_build_object('idempotency_key', i.idempotency_key, 'batch', p_batch)
                ELSE jsonb_build_object('idempotency_key', i.idempotency_key)
            END
        FROM unnest(p_items) AS i
        WHERE NOT i.duplicate AND i.refusal IS NULL
        ORDER BY i.idempotency_key COLLATE "C", i.event_id
        RETURNING feed_position, feed_number;
    END IF;
END
$$;

COMMENT ON FUNCTION projection.store_items(bigint, projection.batch_item[], text, bigint, text) IS
'Stores the events of the items of a batch that are neither refused nor repeated, in one statement. Gives the place in '
'the feed of each. Error: 23505 where one is there already: the caller takes all back and judges again.';

REVOKE ALL ON FUNCTION projection.store_items(bigint, projection.batch_item[], text, bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.store_items(bigint, projection.batch_item[], text, bigint, text)
TO betledger_app, betledger_tenant;
