SET LOCAL ROLE betledger_owner;

CREATE TABLE public.user_balances_view (
    tenant_id bigint NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    balance numeric NOT NULL,
    transaction_count integer NOT NULL,
    last_transaction_at timestamptz NOT NULL,
    CONSTRAINT user_balances_view_pkey PRIMARY KEY (tenant_id, user_id)
) WITH (fillfactor = 70); -- room for updates in the page

COMMENT ON TABLE public.user_balances_view IS
'One row per user with balance events: their sum, kept by triggers in the transaction of the event. Read only. '
'Example: SELECT balance FROM public.user_balances_view WHERE tenant_id = 10001 AND user_id = ''u1''.';
COMMENT ON COLUMN public.user_balances_view.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.user_balances_view.user_id IS 'The user: user_id in the payload of the balance events.';
COMMENT ON COLUMN public.user_balances_view.balance IS 'Increases less decreases, in the currency of the tenant.';
COMMENT ON COLUMN public.user_balances_view.transaction_count IS 'How many balance events there are.';
COMMENT ON COLUMN public.user_balances_view.last_transaction_at IS 'The time of the last balance event.';

-- Only the owner writes, through the projection triggers.
SELECT projection.wall_off('public.user_balances_view');
