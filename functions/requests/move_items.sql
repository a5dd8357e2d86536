SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.move_items(
    p_tenant_id bigint, p_moves projection.batch_move[], p_event_type text, p_field text
)
RETURNS SETOF integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
BEGIN
    RETURN QUERY INSERT INTO public.balance_events (
        id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata
    )
    SELECT
        m.event_id, p_tenant_id, 'balance-' || m.user_id, p_event_type,
        jsonb_build_object('user_id', m.user_id, 'amount', m.amount, p_field, m.related_to), m.event_time, 1,
        jsonb_build_object('related_to', m.related_to)
    FROM unnest(p_moves) AS m
    ORDER BY m.event_id
    RETURNING 1;
END
$$;

COMMENT ON FUNCTION projection.move_items(bigint, projection.batch_move[], text, text) IS
'Stores the balance events of a batch, in one statement: who, how much, at what time, and the bet or payment. Error '
'as that of projection.store_items(). Gives a row for each, without which Citus would copy them, and row-level '
'security forbids that.';

REVOKE ALL ON FUNCTION projection.move_items(bigint, projection.batch_move[], text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.move_items(bigint, projection.batch_move[], text, text)
TO betledger_app, betledger_tenant;
