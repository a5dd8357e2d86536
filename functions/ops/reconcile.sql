SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.reconcile(
    p_tenant_id bigint DEFAULT NULL, p_at timestamptz DEFAULT NULL, p_user_id text DEFAULT NULL,
    p_shard_id bigint DEFAULT NULL
)
RETURNS TABLE (
    tenant_id bigint, finding text, subject text, user_id text, currency text, expected numeric, actual numeric
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
        SELECT r.tenant_id, r.finding, r.subject, r.user_id, r.currency, r.expected, r.actual
        FROM projection.on_shards(
            format(
                'SELECT coalesce(jsonb_agg(r), ''[]'') FROM ops.reconcile(%L, %L, %L, <shard_id>) AS r',
                p_tenant_id, p_at, p_user_id
            ), p_tenant_id
        ) AS s,
        jsonb_to_recordset(s::jsonb) AS r (
            tenant_id bigint, finding text, subject text, user_id text, currency text, expected numeric,
            actual numeric
        );
        RETURN;
    END IF;
    RETURN QUERY EXECUTE projection.findings_text(p_shard_id)
    USING p_tenant_id, floor(extract(EPOCH FROM p_at) * 1000)::bigint, p_user_id;
END
$$;

COMMENT ON FUNCTION ops.reconcile(bigint, timestamptz, text, bigint) IS
'What does not explain itself, from events alone: balance events that name a payment or bet which is not there, '
'payments and bets from the balance without their balance event, and amounts, signs and users that differ. expected '
'is what the events of the payment or bet say that it moves by now (a deposit its amount, a failed or reversed one 0, '
'a bet its payout, as corrected last, less its stake), actual what the balance events that name it have moved. Of one '
'tenant or of all, now or as of a moment, of one user or of all. Balance events that name nothing are no finding: '
'ops.trial_balance() counts them apart. currency is that of the tenant. On Citus all shards are looked at on their '
'nodes. Null may be: user_id, currency, expected, actual. Error: BL032 a shard failed. Example: SELECT * FROM '
'ops.reconcile(10001).';

REVOKE ALL ON FUNCTION ops.reconcile(bigint, timestamptz, text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION ops.reconcile(bigint, timestamptz, text, bigint) TO betledger_operator;
