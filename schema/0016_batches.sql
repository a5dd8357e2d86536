SET LOCAL ROLE betledger_owner;

CREATE TYPE public.bet_item_result AS (
    item integer,
    tenant_id bigint,
    bet_id text,
    user_id text,
    stake numeric,
    odds numeric,
    fixture_id text,
    status text,
    result text,
    payout numeric,
    idempotency_key text,
    created_at timestamptz,
    last_updated_at timestamptz,
    duplicate boolean,
    sqlstate text,
    message text,
    hint text
);

COMMENT ON TYPE public.bet_item_result IS
'What functions that change many bets give for each: its row of public.bets_view, or why it was refused. Null may be: '
'tenant_id, bet_id, user_id, stake, odds, fixture_id, status, result, payout, idempotency_key, created_at, '
'last_updated_at, duplicate, sqlstate, message, hint.';
COMMENT ON COLUMN public.bet_item_result.item IS 'The number of the item in p_items, from 1 on.';
COMMENT ON COLUMN public.bet_item_result.duplicate IS
'True when the idempotency key of the item was used with the same arguments before; null when it was refused.';
COMMENT ON COLUMN public.bet_item_result.sqlstate IS
'Null, or that of the refusal: nothing was stored for the item, and its row is null.';
COMMENT ON COLUMN public.bet_item_result.message IS 'The message of the refusal, as that of a single call.';
COMMENT ON COLUMN public.bet_item_result.hint IS 'What to do about it.';

CREATE TYPE public.payment_item_result AS (
    item integer,
    tenant_id bigint,
    payment_id text,
    user_id text,
    type text,
    amount numeric,
    status text,
    idempotency_key text,
    created_at timestamptz,
    last_updated_at timestamptz,
    balance numeric,
    duplicate boolean,
    sqlstate text,
    message text,
    hint text
);

COMMENT ON TYPE public.payment_item_result IS
'What functions that make many payments give for each: its row of public.payments_view, the balance of the user after '
'it, or why it was refused. Null may be: tenant_id, payment_id, user_id, type, amount, status, idempotency_key, '
'created_at, last_updated_at, balance, duplicate, sqlstate, message, hint.';
COMMENT ON COLUMN public.payment_item_result.item IS 'The number of the item in p_items, from 1 on.';
COMMENT ON COLUMN public.payment_item_result.balance IS
'The balance of the user after this item and before the next, in the currency of the tenant.';
COMMENT ON COLUMN public.payment_item_result.duplicate IS
'True when the idempotency key of the item was used with the same arguments before; null when it was refused.';
COMMENT ON COLUMN public.payment_item_result.sqlstate IS
'Null, or that of the refusal: nothing was stored for the item, and its row is null.';
COMMENT ON COLUMN public.payment_item_result.message IS 'The message of the refusal, as that of a single call.';
COMMENT ON COLUMN public.payment_item_result.hint IS 'What to do about it.';

CREATE TYPE projection.refusal AS (
    sqlstate text,
    message text,
    hint text
);

COMMENT ON TYPE projection.refusal IS 'An error in words, before somebody raises it; null for none.';

CREATE TYPE projection.batch_item AS (
    item integer,
    aggregate_id text,
    user_id text,
    idempotency_key text,
    is_derived boolean,
    event_id uuid,
    sent jsonb,
    event_data jsonb,
    is_usual boolean,
    amount numeric,
    balance numeric,
    event_time bigint,
    duplicate boolean,
    refusal projection.refusal,
    judged_by smallint,
    batch text
);

COMMENT ON TYPE projection.batch_item IS
'An item of a batch while it is judged. sent is what it asks for, as a repeated key has to ask for it; is_usual: its '
'event passes the check for sure; amount: what it adds to the balance of its user, balance: what that is before the '
'batch; event_time: that of the last event of its stream; judged_by: 1 refused whatever its key says, 2 unless its key '
'is known, 3 last of all; batch: which one stored its key.';

CREATE TYPE projection.batch_move AS (
    event_id uuid,
    user_id text,
    amount numeric,
    related_to text,
    event_time bigint
);

COMMENT ON TYPE projection.batch_move IS 'What a batch moves on the balance of a user for one of its bets or payments.';
