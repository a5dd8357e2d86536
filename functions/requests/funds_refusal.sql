SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.funds_refusal(p_user_id text, p_after numeric, p_amount numeric)
RETURNS projection.refusal
LANGUAGE sql STABLE
AS $$
    SELECT ROW(
        'BL004', format('user %L has %s, which is less than %s', left(p_user_id, 100), p_after + p_amount, p_amount),
        'Deposit first, or ask for less. The same idempotency key may be sent again.'
    )::projection.refusal
$$;

COMMENT ON FUNCTION projection.funds_refusal(text, numeric, numeric) IS
'The refusal of what would leave a balance of less than nothing: the user, what would be left, what was to be taken. '
'Example: SELECT * FROM projection.funds_refusal(''user-1'', -5, 10).';

REVOKE ALL ON FUNCTION projection.funds_refusal(text, numeric, numeric) FROM public;

GRANT EXECUTE ON FUNCTION projection.funds_refusal(text, numeric, numeric)
TO betledger_app, betledger_tenant, betledger_operator;
