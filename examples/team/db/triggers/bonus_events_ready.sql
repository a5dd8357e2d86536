-- requires: triggers/bonus_events.sql
-- In a transaction of its own: Citus grants nothing after it has read on this node.
SET LOCAL ROLE betledger_owner;

GRANT INSERT ON public.bonus_events TO betledger_app, betledger_tenant;
