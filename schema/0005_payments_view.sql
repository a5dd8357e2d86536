SET LOCAL ROLE betledger_owner;

CREATE TABLE public.payments_view (
    tenant_id bigint NOT NULL,
    payment_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C",
    type text NOT NULL,
    amount numeric,
    status text NOT NULL,
    idempotency_key text COLLATE "C",
    created_at timestamptz NOT NULL,
    last_updated_at timestamptz NOT NULL,
    CONSTRAINT payments_view_pkey PRIMARY KEY (tenant_id, payment_id)
);

CREATE INDEX payments_view_idempotency_key ON public.payments_view (tenant_id, idempotency_key)
WHERE idempotency_key IS NOT NULL;

-- The payments of a user, newest first, in an order that no later event changes: public.payments_of().
CREATE INDEX payments_view_user ON public.payments_view (tenant_id, user_id, created_at);

COMMENT ON TABLE public.payments_view IS
'One row per deposit or withdrawal: the fold of its events in order of time, kept by triggers in the transaction of '
'the event. Read only. Example: SELECT * FROM public.payments_view WHERE tenant_id = 10001 AND payment_id = '
'''payment-1''.';
COMMENT ON COLUMN public.payments_view.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.payments_view.payment_id IS 'The payment: aggregate_id of its events.';
COMMENT ON COLUMN public.payments_view.user_id IS 'Whose payment it is; null while only later events have arrived.';
COMMENT ON COLUMN public.payments_view.type IS 'deposit or withdrawal.';
COMMENT ON COLUMN public.payments_view.amount IS 'What is paid, in the currency of the tenant.';
COMMENT ON COLUMN public.payments_view.status IS
'created, completed, failed or reversed (charged back, or come back): the kind of the last event.';
COMMENT ON COLUMN public.payments_view.idempotency_key IS
'The key that the payment was created with; null when there was none, or once it has expired.';
COMMENT ON COLUMN public.payments_view.created_at IS 'The time of its first event.';
COMMENT ON COLUMN public.payments_view.last_updated_at IS 'The time of its last event.';

-- Only the owner writes, through the projection triggers.
SELECT projection.wall_off('public.payments_view');
