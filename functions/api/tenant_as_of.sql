SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.tenant_as_of(p_tenant_id bigint, p_at_ms bigint, p_known_at timestamptz DEFAULT NULL)
RETURNS TABLE (
    tenant_id bigint, currency text, users bigint, bets bigint, bets_placed bigint, bets_confirmed bigint,
    bets_settled bigint, bets_cancelled bigint, staked numeric, paid_out numeric, gross_gaming_revenue numeric,
    deposits numeric, withdrawals numeric, balances numeric, last_activity_at timestamptz
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_last bigint;
    v_currency text := (SELECT k.currency FROM public.tenants AS k WHERE k.tenant_id = p_tenant_id);
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    v_last := greatest(
        (
            SELECT max(e."timestamp") FROM public.bet_events AS e
            WHERE e.tenant_id = p_tenant_id AND e."timestamp" <= p_at_ms
                AND (p_known_at IS NULL OR e.stored_at <= p_known_at)
        ),
        (
            SELECT max(e."timestamp") FROM public.payment_events AS e
            WHERE e.tenant_id = p_tenant_id AND e."timestamp" <= p_at_ms
                AND (p_known_at IS NULL OR e.stored_at <= p_known_at)
        ),
        (
            SELECT max(e."timestamp") FROM public.balance_events AS e
            WHERE e.tenant_id = p_tenant_id AND e."timestamp" <= p_at_ms
                AND (p_known_at IS NULL OR e.stored_at <= p_known_at)
        )
    );
    RETURN QUERY
    SELECT t.tenant_id, v_currency, t.users,
        t.bets_placed + t.bets_confirmed + t.bets_settled + t.bets_cancelled, t.bets_placed, t.bets_confirmed,
        t.bets_settled, t.bets_cancelled, t.staked, t.paid_out, t.gross_gaming_revenue, t.deposits, t.withdrawals,
        t.balances, projection.event_time(v_last)
    FROM projection.tenant_totals_as_of(p_tenant_id, p_at_ms, p_known_at) AS t;
END
$$;

COMMENT ON FUNCTION public.tenant_as_of(bigint, bigint, timestamptz) IS
'The row of tenants_summary_view as of a moment, in milliseconds since 1970-01-01 UTC: from the events up to it, the '
'moment included; no row when there were none. With p_known_at, from those that had been stored by then, by the clock '
'of the server. It reads all of them: about 80,000 a second. Null may be: currency. Errors: BL001 bad tenant, BL006 '
'foreign tenant. Example: SELECT staked, paid_out FROM public.tenant_as_of(10001, 1700000000000).';

REVOKE ALL ON FUNCTION public.tenant_as_of(bigint, bigint, timestamptz) FROM public;

GRANT EXECUTE ON FUNCTION public.tenant_as_of(bigint, bigint, timestamptz)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
