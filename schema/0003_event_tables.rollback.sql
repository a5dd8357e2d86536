-- CASCADE: folds and functions that read them go, too; `betledger migrate` makes them again.
DROP TABLE public.bet_events, public.payment_events, public.balance_events CASCADE;

DROP FUNCTION projection.create_event_table(text, text);
