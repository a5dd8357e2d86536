SET LOCAL ROLE betledger_owner;

CREATE TABLE public.user_activity_view (
    tenant_id bigint NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    bets integer NOT NULL DEFAULT 0,
    open_bets integer NOT NULL DEFAULT 0,
    staked numeric NOT NULL DEFAULT 0,
    paid_out numeric NOT NULL DEFAULT 0,
    net_result numeric NOT NULL DEFAULT 0,
    deposits numeric NOT NULL DEFAULT 0,
    withdrawals numeric NOT NULL DEFAULT 0,
    first_activity_at timestamptz NOT NULL,
    last_activity_at timestamptz NOT NULL,
    CONSTRAINT user_activity_view_pkey PRIMARY KEY (tenant_id, user_id)
) WITH (fillfactor = 70); -- room for updates in the page

COMMENT ON TABLE public.user_activity_view IS
'One row per user with bets or payments: the sum of bets_view and payments_view, kept by triggers in the transaction '
'of the event. Amounts have no trailing zeros. Read only. Example: SELECT user_id, staked FROM '
'public.user_activity_view WHERE tenant_id = 10001 ORDER BY staked DESC LIMIT 10.';
COMMENT ON COLUMN public.user_activity_view.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.user_activity_view.user_id IS 'The user.';
COMMENT ON COLUMN public.user_activity_view.bets IS 'Bets of the user, cancelled ones included.';
COMMENT ON COLUMN public.user_activity_view.open_bets IS 'Bets that are placed or confirmed.';
COMMENT ON COLUMN public.user_activity_view.staked IS 'Stakes of the bets that were not cancelled.';
COMMENT ON COLUMN public.user_activity_view.paid_out IS 'Payouts of the settled bets.';
COMMENT ON COLUMN public.user_activity_view.net_result IS
'What the user won (above 0) or lost (below 0): payout less stake of the settled bets.';
COMMENT ON COLUMN public.user_activity_view.deposits IS 'Deposits that neither failed nor were reversed.';
COMMENT ON COLUMN public.user_activity_view.withdrawals IS
'Withdrawals that neither failed nor were reversed.';
COMMENT ON COLUMN public.user_activity_view.first_activity_at IS
'The time of the first event of a bet or payment of the user.';
COMMENT ON COLUMN public.user_activity_view.last_activity_at IS
'The time of the last event of a bet or payment of the user.';

-- Only the owner writes, through the projection triggers.
SELECT projection.wall_off('public.user_activity_view');
