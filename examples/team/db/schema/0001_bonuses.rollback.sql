SET LOCAL ROLE betledger_owner;

SELECT projection.forget('public.bonuses_view', 'public.bonus_events');

-- CASCADE: folds and functions that read them go, too; with rows in them, `betledger rollback` needs --force.
DROP TYPE public.bonus_result CASCADE;

DROP TABLE public.bonus_events, public.bonuses_view CASCADE;

DROP FUNCTION IF EXISTS projection.end_bonus(bigint, text, text, jsonb);
