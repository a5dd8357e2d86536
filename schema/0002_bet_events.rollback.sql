DROP TABLE public.bet_events;
