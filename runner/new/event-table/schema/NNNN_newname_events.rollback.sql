SET LOCAL ROLE betledger_owner;

-- Triggers no longer write the one, and no feed reads the other.
SELECT projection.forget('public.newname_view', 'public.newname_events');

-- CASCADE: folds and functions that read them go, too; with rows in them, `betledger rollback` needs --force.
DROP TABLE public.newname_events, public.newname_view CASCADE;
