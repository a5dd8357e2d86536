SET LOCAL ROLE betledger_owner;

CREATE TYPE public.bet_result AS (
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
    duplicate boolean
);

COMMENT ON TYPE public.bet_result IS
'What functions that change a bet give: its row of public.bets_view, and whether the call repeats an earlier one. '
'Null may be: result, payout, idempotency_key.';
COMMENT ON COLUMN public.bet_result.duplicate IS
'True when the idempotency key was used with the same arguments before: nothing was stored this time.';

CREATE TYPE public.payment_result AS (
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
    duplicate boolean
);

COMMENT ON TYPE public.payment_result IS
'What functions that change a payment give: its row of public.payments_view, the balance of the user, and whether the '
'call repeats an earlier one. Null may be: idempotency_key.';
COMMENT ON COLUMN public.payment_result.balance IS 'The balance of the user now, in the currency of the tenant.';
COMMENT ON COLUMN public.payment_result.duplicate IS
'True when the idempotency key was used with the same arguments before: nothing was stored this time.';
