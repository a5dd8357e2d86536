DROP TABLE public.bets_view;
