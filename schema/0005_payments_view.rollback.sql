-- CASCADE: folds and functions that read it go, too; `betledger migrate` makes them again.
DROP TABLE public.payments_view CASCADE;
