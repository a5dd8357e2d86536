SET LOCAL ROLE betledger_owner;

DELETE FROM projection.projections AS p WHERE p.read_table = 'public.newname';

-- The triggers no longer write it.
SELECT projection.compile('public.bet_events');

-- CASCADE: its fold, and functions that read it, go, too.
DROP TABLE public.newname CASCADE;

DROP FUNCTION projection.newname_of_bet(public.bets_view);
