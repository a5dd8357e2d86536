-- CASCADE: folds and functions that read it go, too; `betledger migrate` makes them again.
DROP TABLE public.bets_view CASCADE;
