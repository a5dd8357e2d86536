DROP TYPE projection.batch_move CASCADE;

DROP TYPE projection.batch_item CASCADE;

DROP TYPE projection.refusal CASCADE;

DROP TYPE public.payment_item_result CASCADE;

DROP TYPE public.bet_item_result CASCADE;
