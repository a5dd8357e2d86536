DROP POLICY corrections ON public.bet_events;

DROP POLICY corrections ON public.payment_events;

DROP POLICY corrections ON public.balance_events;

DROP TABLE projection.event_types;
