SET LOCAL ROLE betledger_owner;

DELETE FROM projection.projections AS p WHERE p.read_table = 'public.bonuses_view';

DELETE FROM projection.event_types AS t WHERE t.event_table = 'public.bonus_events';

-- The feed no longer reads it.
SELECT projection.compile('public.bet_events');

-- CASCADE: folds and functions that read them go, too; with rows in them, `betledger rollback` needs --force.
DROP TYPE public.bonus_result CASCADE;

DROP TABLE public.bonus_events, public.bonuses_view CASCADE;
