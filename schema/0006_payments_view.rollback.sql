DROP TABLE public.payments_view;
