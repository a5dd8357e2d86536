-- requires: functions/compiler/define.sql
SET LOCAL ROLE betledger_owner;

-- What one event says of its payment. Inlined wherever it is called: no SET clause, not volatile.
CREATE OR REPLACE FUNCTION projection.payment_of_event(e public.payment_events)
RETURNS TABLE (
    tenant_id bigint, payment_id text, user_id text, type text, amount numeric, status text, idempotency_key text,
    created_at timestamptz, last_updated_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT
    e.tenant_id,
    e.aggregate_id,
    e.event_data ->> 'user_id',
    projection.event_kind(e.event_type),
    (e.event_data ->> 'amount')::numeric,
    projection.event_status(e.event_type),
    e.metadata ->> 'idempotency_key',
    projection.event_time(e."timestamp"),
    projection.event_time(e."timestamp")
$$;

COMMENT ON FUNCTION projection.payment_of_event(public.payment_events) IS
'The definition of public.payments_view: what one event says of its payment. How its columns gather that is in '
'projection.projections. Example: SELECT p.* FROM public.payment_events AS e, projection.payment_of_event(e) AS p.';

SELECT projection.define(
    'public.payments_view', '{projection.payment_of_event}',
    p_position => 20,
    p_latest => '[
        {"columns": ["status", "type"], "by": "rank"},
        {
            "columns": ["user_id", "amount", "idempotency_key"],
            "of": ["V1_PAYMENTS_DEPOSIT_CREATED", "V1_PAYMENTS_WITHDRAWAL_CREATED"]
        }
    ]',
    p_lowest => '{created_at}',
    p_highest => '{last_updated_at}'
);
