DROP TABLE public.payment_events;
