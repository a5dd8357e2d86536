SET LOCAL ROLE betledger_owner;

SELECT projection.create_event_table('bonus_events', 'bonuses');

-- Converted and expired are of one rank: functions see to it that a bonus is one of them, whoever comes first.
INSERT INTO projection.event_types (
    event_table, event_type, status, rank, required_fields, optional_fields
) VALUES
(
    'public.bonus_events', 'V1_BONUSES_BONUS_GRANTED', 'granted', 0,
    '{"user_id": "identifier", "amount": "amount"}', '{}'
),
('public.bonus_events', 'V1_BONUSES_BONUS_CONVERTED', 'converted', 2, '{}', '{}'),
('public.bonus_events', 'V1_BONUSES_BONUS_EXPIRED', 'expired', 2, '{}', '{"reason": "text"}');

-- What only the grant says may be null: another event may arrive before it.
CREATE TABLE public.bonuses_view (
    tenant_id bigint NOT NULL,
    bonus_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C",
    amount numeric,
    status text NOT NULL,
    idempotency_key text COLLATE "C",
    created_at timestamptz NOT NULL,
    last_updated_at timestamptz NOT NULL,
    CONSTRAINT bonuses_view_pkey PRIMARY KEY (tenant_id, bonus_id)
);

-- The bonuses of a user, the newest first.
CREATE INDEX bonuses_view_user ON public.bonuses_view (tenant_id, user_id, created_at);

COMMENT ON TABLE public.bonuses_view IS
'One row per bonus: the fold of its events in order of time, kept by triggers in the transaction of the event. Read '
'only. Example: SELECT * FROM public.bonuses_view WHERE tenant_id = 10001 AND user_id = ''user-1''.';
COMMENT ON COLUMN public.bonuses_view.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.bonuses_view.bonus_id IS 'The bonus: aggregate_id of its events.';
COMMENT ON COLUMN public.bonuses_view.user_id IS 'Whose it is; null while only later events have arrived.';
COMMENT ON COLUMN public.bonuses_view.amount IS
'What it is worth, in the currency of the tenant; null while only later events have arrived.';
COMMENT ON COLUMN public.bonuses_view.status IS 'granted, converted or expired: the kind of the last event.';
COMMENT ON COLUMN public.bonuses_view.idempotency_key IS
'The key that it was granted with; null when there was none, or once it has expired.';
COMMENT ON COLUMN public.bonuses_view.created_at IS 'The time of its first event.';
COMMENT ON COLUMN public.bonuses_view.last_updated_at IS 'The time of its last event.';

SELECT projection.wall_off('public.bonuses_view');

CREATE TYPE public.bonus_result AS (
    tenant_id bigint,
    bonus_id text,
    user_id text,
    amount numeric,
    status text,
    idempotency_key text,
    created_at timestamptz,
    last_updated_at timestamptz,
    duplicate boolean
);

COMMENT ON TYPE public.bonus_result IS
'What functions that change a bonus give: its row of public.bonuses_view, and whether the call repeats an earlier one. '
'Null may be: idempotency_key.';
COMMENT ON COLUMN public.bonus_result.duplicate IS
'True when this was done before: nothing was stored this time.';
