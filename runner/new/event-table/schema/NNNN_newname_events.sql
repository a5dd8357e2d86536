SET LOCAL ROLE betledger_owner;

-- The event table: append-only, one key of a tenant is one event, walled off, with a place in the
-- feed. Nobody may insert until triggers/newname_events_ready.sql. The second argument ends
-- "Append-only events of ...".
SELECT projection.create_event_table('newname_events', 'streams called newname');

-- What it takes. status and rank are for definitions: events of one time fold in the order of rank; streams begin with
-- types of rank 0. Kinds of a field: identifier, text, amount, payout, odds, result, flag; amount(2) allows two
-- decimals.
INSERT INTO projection.event_types (
    event_table, event_type, status, rank, required_fields, optional_fields
) VALUES
(
    'public.newname_events', 'V1_NEWNAME_OPENED', 'opened', 0,
    '{"user_id": "identifier", "amount": "amount"}', '{}'
),
(
    'public.newname_events', 'V1_NEWNAME_CLOSED', 'closed', 2,
    '{}', '{"reason": "text"}'
);

-- The read table, one row per stream. What an event says of it, functions/newname_view.sql says.
-- Columns that only some types say may be null: a later event may arrive first.
CREATE TABLE public.newname_view (
    tenant_id bigint NOT NULL,
    newname_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C",
    amount numeric,
    status text NOT NULL,
    idempotency_key text COLLATE "C",
    created_at timestamptz NOT NULL,
    last_updated_at timestamptz NOT NULL,
    CONSTRAINT newname_view_pkey PRIMARY KEY (tenant_id, newname_id)
);

-- The contract (`betledger api`) tells these.
COMMENT ON TABLE public.newname_view IS
'One row per stream of public.newname_events: the fold of its events in order of time, kept by '
'triggers in the transaction of the event. Read only. '
'Example: SELECT * FROM public.newname_view WHERE tenant_id = 10001.';
COMMENT ON COLUMN public.newname_view.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.newname_view.newname_id IS
'The stream: aggregate_id of its events.';
COMMENT ON COLUMN public.newname_view.user_id IS
'Whose it is; null while only later events have arrived.';
COMMENT ON COLUMN public.newname_view.amount IS
'In the currency of the tenant; null as user_id is.';
COMMENT ON COLUMN public.newname_view.status IS
'opened or closed: the kind of the last event.';
COMMENT ON COLUMN public.newname_view.idempotency_key IS
'The key that it was opened with; null when there was none, or once it has expired.';
COMMENT ON COLUMN public.newname_view.created_at IS 'The time of its first event.';
COMMENT ON COLUMN public.newname_view.last_updated_at IS 'The time of its last event.';

-- Row-level security, and SELECT for the groups. Only the owner writes, through the triggers.
SELECT projection.wall_off('public.newname_view');
