SET LOCAL ROLE betledger_owner;

-- The read table: its key is tenant_id and one column more.
-- What is said of it, functions/newname.sql says.
CREATE TABLE public.newname (
    tenant_id bigint NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    bets integer NOT NULL DEFAULT 0,
    staked numeric NOT NULL DEFAULT 0,
    last_bet_at timestamptz NOT NULL,
    CONSTRAINT newname_pkey PRIMARY KEY (tenant_id, user_id)
);

-- The contract (`betledger api`) tells these.
COMMENT ON TABLE public.newname IS
'One row per user with bets: how many, and their stakes; kept by triggers in the transaction of the event. Read only. '
'Example: SELECT * FROM public.newname WHERE tenant_id = 10001 AND user_id = ''user-1''.';
COMMENT ON COLUMN public.newname.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.newname.user_id IS 'The user.';
COMMENT ON COLUMN public.newname.bets IS 'Bets of the user that were not cancelled.';
COMMENT ON COLUMN public.newname.staked IS 'Their stakes, in the currency of the tenant.';
COMMENT ON COLUMN public.newname.last_bet_at IS
'The time of the last event of a bet of the user.';

-- Row-level security, and SELECT for the groups. Only the owner writes, through the triggers.
SELECT projection.wall_off('public.newname');

-- Rebuild, verify and late events read the source by the key of this table. For another key than user_id, that needs an
-- index: in a file of its own, CREATE INDEX CONCURRENTLY with `-- transactional: false` at the top.
