SET LOCAL ROLE betledger_owner;

-- Applied again whenever a type or a definition has changed.
SELECT projection.compile('public.bonus_events');

SELECT projection.attach('public.bonus_events');

SELECT projection.prove('public.bonus_events');
