SET LOCAL ROLE betledger_owner;

SELECT projection.compile_event_table('public.balance_events');

CREATE OR REPLACE TRIGGER check_event
BEFORE INSERT ON public.balance_events
FOR EACH ROW EXECUTE FUNCTION projection.balance_events_check();

CREATE OR REPLACE TRIGGER project_inserted
AFTER INSERT ON public.balance_events
REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.balance_events_inserted();

CREATE OR REPLACE TRIGGER project_key_removed
AFTER UPDATE ON public.balance_events
REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.balance_events_key_removed();

CREATE OR REPLACE TRIGGER guard_event
BEFORE UPDATE OR DELETE ON public.balance_events
FOR EACH ROW EXECUTE FUNCTION projection.guard_event();

CREATE OR REPLACE TRIGGER guard_truncate
BEFORE TRUNCATE ON public.balance_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.guard_event();
