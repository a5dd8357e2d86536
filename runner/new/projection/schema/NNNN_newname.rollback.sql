SET LOCAL ROLE betledger_owner;

-- The triggers no longer write it.
SELECT projection.forget('public.newname');

-- CASCADE: its fold, and functions that read it, go, too.
DROP TABLE public.newname CASCADE;

DROP FUNCTION projection.newname_of_bet(public.bets_view);
