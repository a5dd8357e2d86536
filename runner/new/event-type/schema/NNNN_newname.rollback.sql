SET LOCAL ROLE betledger_owner;

-- Events that are stored stay; new ones are refused.
DELETE FROM projection.event_types AS t
WHERE t.event_table = 'public.bet_events' AND t.event_type = 'NEWNAME';

SELECT projection.compile('public.bet_events');
