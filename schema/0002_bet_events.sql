SET LOCAL ROLE betledger_owner;

CREATE TABLE public.bet_events (
    id uuid NOT NULL,
    tenant_id bigint NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    event_type text NOT NULL,
    event_data jsonb NOT NULL,
    "timestamp" bigint NOT NULL,
    version integer NOT NULL,
    metadata jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bet_events_pkey PRIMARY KEY (tenant_id, id)
);

-- One key of a tenant is one event of this table, however many clients send it at the same moment.
CREATE UNIQUE INDEX bet_events_idempotency_key ON public.bet_events (tenant_id, (metadata ->> 'idempotency_key'))
WHERE metadata ->> 'idempotency_key' IS NOT NULL;

-- The history of an aggregate, and the events that its row is folded from.
CREATE INDEX bet_events_aggregate ON public.bet_events (tenant_id, aggregate_id, "timestamp");

-- The events of a tenant in a time range, and the last activity of a tenant.
CREATE INDEX bet_events_time ON public.bet_events (tenant_id, "timestamp");

-- Keys that are due for clean-up.
CREATE INDEX bet_events_key_age ON public.bet_events (created_at)
WHERE metadata ->> 'idempotency_key' IS NOT NULL;

COMMENT ON TABLE public.bet_events IS
'Append-only events of bets. INSERT here (or call place_bet); triggers keep the read tables in the same transaction. Nobody updates, deletes or truncates (SQLSTATE BL010); the one change permitted is taking an idempotency key that is older than 48 hours out of metadata. Bad input is refused with SQLSTATE BL001, a used idempotency key with 23505.';
COMMENT ON COLUMN public.bet_events.id IS 'The event, unique within the tenant. Made by the client (any UUID) or by a function from tenant, operation and key.';
COMMENT ON COLUMN public.bet_events.tenant_id IS 'The tenant, above 0. Every table is keyed, and on Citus distributed, by it.';
COMMENT ON COLUMN public.bet_events.aggregate_id IS 'The stream: the bet. 1 to 256 characters.';
COMMENT ON COLUMN public.bet_events.event_type IS 'One of the types in projection.event_types.';
COMMENT ON COLUMN public.bet_events.event_data IS 'The payload: a JSON object of at most 65536 bytes. Money is a JSON number or a numeric string, kept exactly.';
COMMENT ON COLUMN public.bet_events."timestamp" IS 'When it happened, in milliseconds since 1970-01-01 UTC, above 0 and before the year 2100. Streams fold in this order, whatever order the events arrive in.';
COMMENT ON COLUMN public.bet_events.version IS 'The version of the format of the event: 1. Not a position in the stream.';
COMMENT ON COLUMN public.bet_events.metadata IS 'A JSON object or null: idempotency_key (1 to 200 characters, unique per tenant in this table) and whatever the client wants to keep.';
COMMENT ON COLUMN public.bet_events.created_at IS 'When the event was stored; the life of an idempotency key counts from here.';

ALTER TABLE public.bet_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.bet_events FORCE ROW LEVEL SECURITY;

CREATE POLICY trusted ON public.bet_events TO betledger_owner, betledger_app, betledger_reader, betledger_operator
USING (true) WITH CHECK (true);

-- Without a valid setting the right side is null, and no row is seen or written.
CREATE POLICY own_tenant ON public.bet_events TO betledger_tenant
USING (tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint)
WITH CHECK (tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint);

REVOKE ALL ON public.bet_events FROM public;

-- UPDATE (metadata) is for the clean-up of expired keys; a trigger refuses everything else.
GRANT SELECT, INSERT, UPDATE (metadata) ON public.bet_events TO betledger_app, betledger_tenant;

GRANT SELECT, UPDATE (metadata) ON public.bet_events TO betledger_operator;

GRANT SELECT ON public.bet_events TO betledger_reader;
