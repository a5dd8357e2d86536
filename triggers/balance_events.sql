SET LOCAL ROLE betledger_owner;

SELECT projection.compile('public.balance_events');

SELECT projection.attach('public.balance_events');

SELECT projection.prove('public.balance_events');
