SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.balance_statement(
    p_tenant_id bigint, p_user_id text, p_from_ms bigint DEFAULT NULL, p_to_ms bigint DEFAULT NULL,
    p_after text DEFAULT NULL, p_limit integer DEFAULT 1000
)
RETURNS TABLE (
    entry text, "timestamp" bigint, amount numeric, balance numeric, cause text, cause_id text, event_type text,
    event_id uuid, next_page text
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_filters jsonb := jsonb_build_array('balance_statement', p_tenant_id, p_user_id, p_from_ms, p_to_ms);
    v_position jsonb;
    v_from bigint := coalesce(p_from_ms, 0);
    v_to bigint := coalesce(p_to_ms, 9223372036854775807);
    v_balance numeric;
BEGIN
    PERFORM projection.require_page(p_tenant_id, p_limit);
    IF p_after IS NULL AND p_from_ms IS NULL THEN
        v_balance := 0;
    ELSIF p_after IS NULL THEN
        -- Back from what the balance is now: it takes as long as there are movements since, however old the account is.
        SELECT coalesce(sum(b.balance), 0) INTO v_balance FROM public.user_balances_view AS b
        WHERE b.tenant_id = p_tenant_id AND b.user_id = p_user_id;
        SELECT v_balance - coalesce(sum(
            CASE projection.event_kind(e.event_type) WHEN 'credit' THEN 1 WHEN 'debit' THEN -1 END
            * (e.event_data ->> 'amount')::numeric
        ), 0) INTO v_balance
        FROM public.balance_events AS e
        WHERE e.tenant_id = p_tenant_id AND (e.event_data ->> 'user_id') COLLATE "C" = p_user_id
            AND e."timestamp" >= v_from;
    ELSE
        -- What the page before ended with is carried on, so that the movements always come to the difference of
        -- opening and closing balance, even if one that is dated before them is stored meanwhile.
        v_position := projection.position_of_page(p_after, v_filters);
        v_from := (v_position ->> 0)::bigint;
        v_balance := (v_position ->> 2)::numeric;
    END IF;
    RETURN QUERY
    WITH page AS MATERIALIZED (
        SELECT e.id, e."timestamp", e.event_type, e.event_data, e.amount,
            row_number() OVER w AS n, v_balance + sum(e.amount) OVER w AS balance
        FROM (
            SELECT e.id, e."timestamp", e.event_type, e.event_data,
                CASE projection.event_kind(e.event_type) WHEN 'credit' THEN 1 WHEN 'debit' THEN -1 END
                * (e.event_data ->> 'amount')::numeric AS amount
            FROM public.balance_events AS e
            WHERE e.tenant_id = p_tenant_id AND (e.event_data ->> 'user_id') COLLATE "C" = p_user_id
                AND e."timestamp" BETWEEN v_from AND v_to
                AND (v_position IS NULL OR e."timestamp" > v_from OR e.id > (v_position ->> 1)::uuid)
            ORDER BY e."timestamp", e.id
            LIMIT p_limit::bigint + 1
        ) AS e
        WINDOW w AS (ORDER BY e."timestamp", e.id ROWS UNBOUNDED PRECEDING)
    ),
    ended AS (
        SELECT count(*) <= p_limit AS is_last FROM page AS p
    )
    SELECT r.entry, r."timestamp", trim_scale(r.amount), trim_scale(r.balance),
        CASE WHEN r.event_data ->> 'payment_id' IS NOT NULL THEN 'payment'
            WHEN r.event_data ->> 'bet_id' IS NOT NULL THEN 'bet' END,
        coalesce(r.event_data ->> 'payment_id', r.event_data ->> 'bet_id'), r.event_type, r.id,
        CASE WHEN r.n = p_limit AND r.n > 0 AND NOT x.is_last THEN projection.page_after(
            v_filters, jsonb_build_array(r."timestamp", r.id, r.balance)
        ) END
    FROM (
        SELECT 'opening' AS entry, p_from_ms AS "timestamp", NULL::numeric AS amount, v_balance AS balance,
            NULL::jsonb AS event_data, NULL AS event_type, NULL::uuid AS id, 0::bigint AS n
        WHERE p_after IS NULL
        UNION ALL
        SELECT 'movement', p."timestamp", p.amount, p.balance, p.event_data, p.event_type, p.id, p.n
        FROM page AS p WHERE p.n <= p_limit
        UNION ALL
        SELECT 'closing', p_to_ms, NULL,
            coalesce((SELECT p.balance FROM page AS p ORDER BY p.n DESC LIMIT 1), v_balance),
            NULL, NULL, NULL, p_limit::bigint + 1
        FROM ended AS e WHERE e.is_last
    ) AS r
    CROSS JOIN ended AS x
    ORDER BY r.n;
END
$$;

COMMENT ON FUNCTION public.balance_statement(bigint, text, bigint, bigint, text, integer) IS
'The statement of an account from one time to another, both included, in milliseconds since 1970-01-01 UTC; from the '
'beginning and to the end where they are null. Entries: opening (balance before), movement (amount with its sign, '
'balance after it, the payment or bet that caused it, null for what names none), closing (balance at the end). Pages '
'of p_limit movements in the order of time: where there are more, next_page of the last row is p_after of the next '
'call. Errors: BL001 bad tenant, limit or cursor, BL006 foreign tenant. Example: SELECT entry, amount, balance, cause, '
'cause_id FROM public.balance_statement(10001, ''user-1'', 1700000000000, 1702592000000).';

REVOKE ALL ON FUNCTION public.balance_statement(bigint, text, bigint, bigint, text, integer) FROM public;

GRANT EXECUTE ON FUNCTION public.balance_statement(bigint, text, bigint, bigint, text, integer)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
