SET LOCAL ROLE betledger_owner;

SELECT projection.compile('public.bet_events');

SELECT projection.attach('public.bet_events');

SELECT projection.prove('public.bet_events');
