DROP TABLE public.user_balances_view;
