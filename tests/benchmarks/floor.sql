-- The floor: events and nothing else, with the indexes that no ledger can do without.
CREATE TABLE bet_events (
    id uuid NOT NULL, tenant_id bigint NOT NULL, aggregate_id text NOT NULL, event_type text NOT NULL,
    event_data jsonb NOT NULL, "timestamp" bigint NOT NULL, version integer NOT NULL, metadata jsonb,
    created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ON bet_events (tenant_id, aggregate_id, "timestamp");
CREATE TABLE balance_events (LIKE bet_events INCLUDING ALL);
-- The same with keys that hold once: for what asks for one, and for taking them out again.
CREATE TABLE keyed_events (LIKE bet_events INCLUDING ALL);
CREATE UNIQUE INDEX keyed_events_key ON keyed_events (tenant_id, (metadata ->> 'idempotency_key'));
