SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.negative_balances(p_tenant_id bigint DEFAULT NULL)
RETURNS TABLE (
    tenant_id bigint, user_id text, currency text, balance numeric, allowed numeric, causes text[],
    last_transaction_at timestamptz
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
BEGIN
    -- Not as SQL: Citus plans no such function with parameters.
    RETURN QUERY
    SELECT b.tenant_id, b.user_id, t.currency, b.balance,
        coalesce(trim_scale(sum((e.event_data ->> 'amount')::numeric)), 0),
        array_agg(
            coalesce('payment ' || (e.event_data ->> 'payment_id'), 'bet ' || (e.event_data ->> 'bet_id'))
            ORDER BY e."timestamp", e.id
        ) FILTER (WHERE e.id IS NOT NULL),
        b.last_transaction_at
    FROM public.user_balances_view AS b
    LEFT JOIN public.balance_events AS e ON e.tenant_id = b.tenant_id
        AND (e.event_data ->> 'user_id') COLLATE "C" = b.user_id
        AND e.event_data -> 'allow_negative' = 'true' AND projection.event_kind(e.event_type) = 'debit'
    LEFT JOIN public.tenants AS t ON t.tenant_id = b.tenant_id
    WHERE b.balance < 0 AND (p_tenant_id IS NULL OR b.tenant_id = p_tenant_id)
    GROUP BY b.tenant_id, b.user_id, t.currency, b.balance, b.last_transaction_at
    ORDER BY b.tenant_id, b.user_id;
END
$$;

COMMENT ON FUNCTION ops.negative_balances(bigint) IS
'The balances below zero, of one tenant or of all: what corrections were allowed to take in all (p_allow_negative), '
'and for which payments and bets. Where that is less than what is missing, a client has taken too much by events of '
'its own: ops.doctor() says so. Until a balance is covered, functions take nothing from it. currency is that of the '
'tenant, null where it has no row in public.tenants. Null may be: currency. Example: SELECT * FROM '
'ops.negative_balances(10001).';

REVOKE ALL ON FUNCTION ops.negative_balances(bigint) FROM public;

GRANT EXECUTE ON FUNCTION ops.negative_balances(bigint) TO betledger_operator;
