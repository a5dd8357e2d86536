SET LOCAL ROLE betledger_owner;

-- Applied again whenever a type or a definition has changed.
SELECT projection.compile('public.newname_events');

SELECT projection.attach('public.newname_events');

SELECT projection.prove('public.newname_events');
