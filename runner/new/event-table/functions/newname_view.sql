SET LOCAL ROLE betledger_owner;

-- What one event says of its stream. Inlined wherever it is called: no SET clause, not volatile, no
-- aggregate. From this one text `betledger migrate` makes triggers, fold, rebuild and verify. When it
-- changes, `betledger rebuild newname_view` is due.
CREATE OR REPLACE FUNCTION projection.newname_of_event(e public.newname_events)
RETURNS TABLE (
    tenant_id bigint, newname_id text, user_id text, amount numeric, status text,
    idempotency_key text, created_at timestamptz, last_updated_at timestamptz
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

COMMENT ON FUNCTION projection.newname_of_event(public.newname_events) IS
'The definition of public.newname_view: what one event says of its stream. '
'Example: SELECT n.* FROM public.newname_events AS e, '
'projection.newname_of_event(e) AS n.';

-- Columns that are said together stay together. By rank: what is closed stays closed, whatever else is dated later.
-- Rows are locked in the order of p_position, the same everywhere.
SELECT projection.define(
    'public.newname_view', '{projection.newname_of_event}',
    p_position => 9999,
    p_latest => '[
        {"columns": ["status"], "by": "rank"},
        {"columns": ["user_id", "amount", "idempotency_key"], "of": ["V1_NEWNAME_OPENED"]}
    ]',
    p_lowest => '{created_at}',
    p_highest => '{last_updated_at}'
);
