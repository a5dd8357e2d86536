-- requires: triggers/balance_events.sql
-- requires: triggers/bet_events.sql
-- requires: triggers/payment_events.sql
-- In a transaction of its own: Citus grants nothing after it has read on this node.
SET LOCAL ROLE betledger_owner;

GRANT INSERT ON public.bet_events, public.payment_events, public.balance_events
TO betledger_app, betledger_tenant, betledger_operator;
