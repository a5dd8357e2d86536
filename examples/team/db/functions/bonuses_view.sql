SET LOCAL ROLE betledger_owner;

-- What one event says of its bonus. Inlined wherever it is called: no SET clause, not volatile.
CREATE OR REPLACE FUNCTION projection.bonus_of_event(e public.bonus_events)
RETURNS TABLE (
    tenant_id bigint, bonus_id text, user_id text, amount numeric, status text, idempotency_key text,
    created_at timestamptz, last_updated_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT
    e.tenant_id,
    e.aggregate_id,
    e.event_data ->> 'user_id',
    (e.event_data ->> 'amount')::numeric,
    projection.event_status(e.event_type),
    e.metadata ->> 'idempotency_key',
    projection.event_time(e."timestamp"),
    projection.event_time(e."timestamp")
$$;

COMMENT ON FUNCTION projection.bonus_of_event(public.bonus_events) IS
'The definition of public.bonuses_view: what one event says of its bonus. '
'Example: SELECT b.* FROM public.bonus_events AS e, projection.bonus_of_event(e) AS b.';

-- Before user_balances_view (40): convert_bonus() locks the row of the bonus, then the balance.
SELECT projection.define(
    'public.bonuses_view', '{projection.bonus_of_event}',
    p_position => 38,
    p_latest => '[
        {"columns": ["status"], "by": "rank"},
        {"columns": ["user_id", "amount", "idempotency_key"], "of": ["V1_BONUSES_BONUS_GRANTED"]}
    ]',
    p_lowest => '{created_at}',
    p_highest => '{last_updated_at}'
);
