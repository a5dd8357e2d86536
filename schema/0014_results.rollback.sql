DROP TYPE public.bet_result CASCADE;

DROP TYPE public.payment_result CASCADE;
