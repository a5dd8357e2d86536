SET LOCAL ROLE betledger_owner;

CREATE TABLE public.user_stakes (
    tenant_id bigint NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    bets bigint NOT NULL,
    staked numeric NOT NULL,
    CONSTRAINT user_stakes_pkey PRIMARY KEY (tenant_id, user_id)
);

COMMENT ON TABLE public.user_stakes IS
'What each user has staked, by the consumer user_stakes of the feed: examples/*/feed.*. Kept beside its cursor.';
COMMENT ON COLUMN public.user_stakes.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.user_stakes.user_id IS 'The user.';
COMMENT ON COLUMN public.user_stakes.bets IS 'Bets that were placed.';
COMMENT ON COLUMN public.user_stakes.staked IS 'The sum of their stakes, in the currency of the tenant.';

SELECT projection.wall_off('public.user_stakes', p_takes_rows => true);

GRANT INSERT, UPDATE ON public.user_stakes TO betledger_app, betledger_tenant;
