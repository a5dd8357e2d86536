SET LOCAL ROLE betledger_owner;

SELECT projection.compile_event_table('public.bet_events');

-- What no index or column would take; the rest is checked once the statement has its rows (project_inserted).
CREATE OR REPLACE TRIGGER refuse_malformed
BEFORE INSERT ON public.bet_events
FOR EACH ROW
WHEN (
    num_nulls(
        new.id, new.tenant_id, new.aggregate_id, new.event_type, new.event_data, new."timestamp", new.version, new.created_at
    ) > 0
    OR length(new.aggregate_id) > 256
    OR length(new.metadata ->> 'idempotency_key') > 200
)
EXECUTE FUNCTION projection.refuse_malformed('public.bet_events');

CREATE OR REPLACE TRIGGER project_inserted
AFTER INSERT ON public.bet_events
REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.bet_events_inserted();

CREATE OR REPLACE TRIGGER project_key_removed
AFTER UPDATE ON public.bet_events
REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.bet_events_key_removed();

CREATE OR REPLACE TRIGGER guard_event
BEFORE UPDATE OR DELETE ON public.bet_events
FOR EACH ROW EXECUTE FUNCTION projection.guard_event();

CREATE OR REPLACE TRIGGER guard_truncate
BEFORE TRUNCATE ON public.bet_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.guard_event();

-- The policy of schema/, with a refusal in words.
ALTER POLICY own_tenant ON public.bet_events
WITH CHECK (
    tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint
    OR projection.require_tenant(tenant_id)
);
