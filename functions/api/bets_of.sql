SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.bets_of(
    p_tenant_id bigint, p_user_id text, p_status text DEFAULT NULL, p_from_ms bigint DEFAULT NULL,
    p_to_ms bigint DEFAULT NULL, p_after text DEFAULT NULL, p_limit integer DEFAULT 1000
)
RETURNS TABLE (
    bet_id text, user_id text, stake numeric, odds numeric, fixture_id text, status text, result text,
    payout numeric, idempotency_key text, created_at timestamptz, last_updated_at timestamptz, next_page text
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
SET enable_sort = off
AS $$
-- A page is a range of an index, in its order: what is sorted is one moment at a time.
DECLARE
    v_filters jsonb := jsonb_build_array('bets_of', p_tenant_id, p_user_id, p_status, p_from_ms, p_to_ms);
    v_position jsonb;
    v_from timestamptz := projection.event_time(least(greatest(p_from_ms, 0), 9999999999999));
    -- What the page comes before: at first, all that is after the time asked for.
    v_at timestamptz := projection.event_time(greatest(least(p_to_ms, 9999999999999), 0) + 1);
    v_id text := '';
BEGIN
    PERFORM projection.require_page(p_tenant_id, p_limit);
    PERFORM projection.require_status('public.bet_events', p_status);
    IF p_after IS NOT NULL THEN
        v_position := projection.position_of_page(p_after, v_filters);
        v_at := (v_position ->> 0)::timestamptz;
        v_id := v_position ->> 1;
    END IF;
    RETURN QUERY
    SELECT b.bet_id, b.user_id, b.stake, b.odds, b.fixture_id, b.status, b.result, b.payout, b.idempotency_key,
        b.created_at, b.last_updated_at,
        CASE
            WHEN row_number() OVER (ORDER BY b.created_at DESC, b.bet_id DESC) = p_limit AND (
                -- By the index of this order, as an EXISTS need not be.
                SELECT n.bet_id FROM public.bets_view AS n
                WHERE n.tenant_id = p_tenant_id AND n.user_id = p_user_id
                    AND (p_status IS NULL OR n.status = p_status)
                    AND (n.created_at, n.bet_id) < (b.created_at, b.bet_id) AND n.created_at >= v_from
                ORDER BY n.created_at DESC LIMIT 1
            ) IS NOT NULL THEN projection.page_after(v_filters, jsonb_build_array(b.created_at, b.bet_id))
        END
    FROM public.bets_view AS b
    WHERE b.tenant_id = p_tenant_id AND b.user_id = p_user_id AND (p_status IS NULL OR b.status = p_status)
        AND (b.created_at, b.bet_id) < (v_at, v_id) AND b.created_at >= v_from
    ORDER BY b.created_at DESC, b.bet_id DESC
    LIMIT p_limit;
END
$$;

COMMENT ON FUNCTION public.bets_of(bigint, text, text, bigint, bigint, text, integer) IS
'The bets of a user, newest first: by the time of their first event, then by id. Of one status or of all; of one time '
'to another, both included, in milliseconds since 1970-01-01 UTC, and open where they are null. Pages of p_limit '
'bets: where there are more, next_page of the last row is p_after of the next call. What happens to bets meanwhile '
'moves none of them, but for an event that is stored late and dated before the first one of its bet: that bet is then '
'where it belongs, and may come once more. With a status, all bets of that time are looked at. Null may be: result, '
'payout, idempotency_key, next_page. Errors: BL001 bad tenant, status, limit or cursor, BL006 foreign tenant. '
'Example: SELECT bet_id, stake, status FROM public.bets_of(10001, ''user-1'', ''settled'').';

REVOKE ALL ON FUNCTION public.bets_of(bigint, text, text, bigint, bigint, text, integer) FROM public;

GRANT EXECUTE ON FUNCTION public.bets_of(bigint, text, text, bigint, bigint, text, integer)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
