DROP TABLE public.balance_events;
