SET LOCAL ROLE betledger_owner;

CREATE TABLE public.bets_view (
    tenant_id bigint NOT NULL,
    bet_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C",
    stake numeric,
    odds numeric,
    fixture_id text COLLATE "C",
    status text NOT NULL,
    result text,
    payout numeric,
    idempotency_key text COLLATE "C",
    created_at timestamptz NOT NULL,
    last_updated_at timestamptz NOT NULL,
    CONSTRAINT bets_view_pkey PRIMARY KEY (tenant_id, bet_id)
);

CREATE INDEX bets_view_idempotency_key ON public.bets_view (tenant_id, idempotency_key)
WHERE idempotency_key IS NOT NULL;

-- The bets of a user, by their last change.
CREATE INDEX bets_view_user ON public.bets_view (tenant_id, user_id, last_updated_at);

-- The same in an order that no later event changes: public.bets_of().
CREATE INDEX bets_view_created ON public.bets_view (tenant_id, user_id, created_at);

COMMENT ON TABLE public.bets_view IS
'One row per bet: the fold of its events in order of time, kept by triggers in the transaction of the event. Read '
'only. Example: SELECT * FROM public.bets_view WHERE tenant_id = 10001 AND bet_id = ''bet-1''.';
COMMENT ON COLUMN public.bets_view.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.bets_view.bet_id IS 'The bet: aggregate_id of its events.';
COMMENT ON COLUMN public.bets_view.user_id IS 'Who placed it; null while only later events have arrived.';
COMMENT ON COLUMN public.bets_view.stake IS 'What was staked, in the currency of the tenant.';
COMMENT ON COLUMN public.bets_view.odds IS 'Decimal odds, 1 or more.';
COMMENT ON COLUMN public.bets_view.fixture_id IS 'What was bet on.';
COMMENT ON COLUMN public.bets_view.status IS 'placed, confirmed, settled or cancelled: the kind of the last event.';
COMMENT ON COLUMN public.bets_view.result IS 'win, loss or void, once settled; as it was corrected last.';
COMMENT ON COLUMN public.bets_view.payout IS
'What was paid out, once settled, in the currency of the tenant; as it was corrected last.';
COMMENT ON COLUMN public.bets_view.idempotency_key IS
'The key that the bet was placed with; null when there was none, or once it has expired.';
COMMENT ON COLUMN public.bets_view.created_at IS 'The time of its first event.';
COMMENT ON COLUMN public.bets_view.last_updated_at IS 'The time of its last event.';

-- Only the owner writes, through the projection triggers.
SELECT projection.wall_off('public.bets_view');
