SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.trial_balance(
    p_tenant_id bigint DEFAULT NULL, p_at timestamptz DEFAULT NULL, p_user_id text DEFAULT NULL,
    p_shard_id bigint DEFAULT NULL
)
RETURNS TABLE (
    tenant_id bigint, currency text, deposits numeric, withdrawals numeric, stakes numeric, payouts numeric,
    refunds numeric, corrections numeric, other_credits numeric, other_debits numeric, balances numeric,
    kept_balances numeric
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
BEGIN
    IF p_shard_id IS NULL AND projection.is_distributed('public.bet_events') THEN
        RETURN QUERY
        SELECT r.tenant_id, r.currency, r.deposits, r.withdrawals, r.stakes, r.payouts, r.refunds,
            r.corrections, r.other_credits, r.other_debits, r.balances, r.kept_balances
        FROM projection.on_shards(
            format(
                'SELECT coalesce(jsonb_agg(r), ''[]'') FROM ops.trial_balance(%L, %L, %L, <shard_id>) AS r',
                p_tenant_id, p_at, p_user_id
            ), p_tenant_id
        ) AS s,
        jsonb_to_recordset(s::jsonb) AS r (
            tenant_id bigint, currency text, deposits numeric, withdrawals numeric, stakes numeric,
            payouts numeric, refunds numeric, corrections numeric, other_credits numeric, other_debits numeric,
            balances numeric, kept_balances numeric
        );
        RETURN;
    END IF;
    RETURN QUERY EXECUTE projection.trial_balance_text(p_shard_id)
    USING p_tenant_id, floor(extract(EPOCH FROM p_at) * 1000)::bigint, p_user_id;
END
$$;

COMMENT ON FUNCTION ops.trial_balance(bigint, timestamptz, text, bigint) IS
'The trial balance of a tenant or of all, now or as of a moment, of one user or of all: deposits less withdrawals '
'less stakes from the balance plus payouts plus refunds of cancelled bets, plus corrections (what later results, '
'voided bets and reversed payments gave, less what they took: balance events with a correction_id), plus other '
'credits less other debits (balance events that name no payment or bet, or one that is not there), are balances. All '
'from events, those of failed payments taken out again; kept_balances is the sum of user_balances_view now. currency '
'is that of the tenant, null where it has no row in public.tenants. On Citus all shards are summed up on their nodes. '
'Null may be: currency. Error: BL032 a shard failed. Example: SELECT * FROM ops.trial_balance(10001).';

REVOKE ALL ON FUNCTION ops.trial_balance(bigint, timestamptz, text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION ops.trial_balance(bigint, timestamptz, text, bigint) TO betledger_operator;
