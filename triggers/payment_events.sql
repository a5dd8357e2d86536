SET LOCAL ROLE betledger_owner;

SELECT projection.compile('public.payment_events');

SELECT projection.attach('public.payment_events');

SELECT projection.prove('public.payment_events');
