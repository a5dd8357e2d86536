SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.balance_statement(
    p_tenant_id bigint, p_user_id text, p_from_ms bigint DEFAULT NULL, p_to_ms bigint DEFAULT NULL,
    p_after text DEFAULT NULL, p_limit integer DEFAULT 1000
)
RETURNS TABLE (
    entry text, "timestamp" bigint, amount numeric, balance numeric, currency text, cause text, cause_id text,
    event_type text, event_id uuid, next_page text
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
SET random_page_cost = 0
AS $$
-- A page is a range of the index of the user, in its order, which names the user, too: behind a policy PostgreSQL does
-- not take a condition on an expression for what it is. Rows count, not pages: all events of a time lie close together.
DECLARE
    v_filters jsonb := jsonb_build_array('balance_statement', p_tenant_id, p_user_id, p_from_ms, p_to_ms);
    v_position jsonb;
    -- What the page comes after: at first, all that is before the time asked for.
    v_at bigint := greatest(p_from_ms, 0) - 1;
    v_id uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
    v_to bigint := coalesce(p_to_ms, 9223372036854775807);
    v_balance numeric := 0;
    v_rows integer := 0;
BEGIN
    PERFORM projection.require_page(p_tenant_id, p_limit);
    currency := (SELECT t.currency FROM public.tenants AS t WHERE t.tenant_id = p_tenant_id);
    IF p_after IS NOT NULL THEN
        -- What the page before ended with is carried on, so that the movements always come to the difference of
        -- opening and closing balance, even if one that is dated before them is stored meanwhile.
        v_position := projection.position_of_page(p_after, v_filters);
        v_at := (v_position ->> 0)::bigint;
        v_id := (v_position ->> 1)::uuid;
        v_balance := (v_position ->> 2)::numeric;
    ELSE
        IF p_from_ms IS NOT NULL THEN
            -- Back from what the balance is now: it takes as long as there are movements since, however old the
            -- account is.
            SELECT coalesce(sum(b.balance), 0) INTO v_balance FROM public.user_balances_view AS b
            WHERE b.tenant_id = p_tenant_id AND b.user_id = p_user_id;
            SELECT v_balance - coalesce(sum(
                CASE projection.event_kind(e.event_type) WHEN 'credit' THEN 1 WHEN 'debit' THEN -1 END
                * (e.event_data ->> 'amount')::numeric
            ), 0) INTO v_balance
            FROM public.balance_events AS e
            WHERE e.tenant_id = p_tenant_id AND (e.event_data ->> 'user_id') COLLATE "C" = p_user_id
                AND e."timestamp" > v_at;
        END IF;
        entry := 'opening';
        "timestamp" := p_from_ms;
        balance := trim_scale(v_balance);
        RETURN NEXT;
    END IF;
    IF p_limit = 0 THEN
        RETURN;
    END IF;
    entry := 'movement';
    FOR "timestamp", event_id, event_type, amount, cause, cause_id IN
        SELECT e."timestamp", e.id, e.event_type,
            trim_scale(
                CASE projection.event_kind(e.event_type) WHEN 'credit' THEN 1 WHEN 'debit' THEN -1 END
                * (e.event_data ->> 'amount')::numeric
            ),
            CASE WHEN e.event_data ->> 'payment_id' IS NOT NULL
                THEN CASE WHEN e.event_data ->> 'correction_id' IS NULL THEN 'payment' ELSE 'payment reversal' END
                WHEN e.event_data ->> 'bet_id' IS NOT NULL
                THEN CASE WHEN e.event_data ->> 'correction_id' IS NULL THEN 'bet' ELSE 'bet correction' END
            END,
            coalesce(e.event_data ->> 'payment_id', e.event_data ->> 'bet_id')
        FROM public.balance_events AS e
        WHERE e.tenant_id = p_tenant_id AND (e.event_data ->> 'user_id') COLLATE "C" = p_user_id
            AND (e."timestamp", e.id) > (v_at, v_id) AND e."timestamp" <= v_to
        ORDER BY (e.event_data ->> 'user_id') COLLATE "C", e."timestamp", e.id
        LIMIT p_limit
    LOOP
        v_rows := v_rows + 1;
        v_balance := v_balance + amount;
        balance := trim_scale(v_balance);
        IF v_rows = p_limit THEN
            next_page := (
                SELECT projection.page_after(v_filters, jsonb_build_array("timestamp", event_id, v_balance))
                WHERE EXISTS (
                    SELECT FROM public.balance_events AS e
                    WHERE e.tenant_id = p_tenant_id AND (e.event_data ->> 'user_id') COLLATE "C" = p_user_id
                        AND (e."timestamp", e.id) > (balance_statement."timestamp", event_id)
                        AND e."timestamp" <= v_to
                )
            );
        END IF;
        RETURN NEXT;
    END LOOP;
    IF next_page IS NULL THEN
        entry := 'closing';
        "timestamp" := p_to_ms;
        balance := trim_scale(v_balance);
        amount := NULL;
        cause := NULL;
        cause_id := NULL;
        event_type := NULL;
        event_id := NULL;
        RETURN NEXT;
    END IF;
END
$$;

COMMENT ON FUNCTION public.balance_statement(bigint, text, bigint, bigint, text, integer) IS
'The statement of an account from one time to another, both included, in milliseconds since 1970-01-01 UTC; from the '
'beginning and to the end where they are null. Entries: opening (balance before), movement (amount with its sign, '
'balance after it, the cause: payment, bet, payment reversal or bet correction, and the payment or bet that it was '
'of; null for what names none), closing (balance at the end). currency says what of, by public.tenants, null where '
'the tenant has no row. Pages of p_limit movements in the order of time: where there are more, next_page of the last '
'row is p_after of the next call. Null may be: timestamp, amount, currency, cause, cause_id, event_type, event_id, '
'next_page. Errors: BL001 bad tenant, limit or cursor, BL006 foreign tenant. Example: SELECT entry, amount, balance, '
'cause, cause_id FROM public.balance_statement(10001, ''user-1'', 1700000000000, 1702592000000).';

REVOKE ALL ON FUNCTION public.balance_statement(bigint, text, bigint, bigint, text, integer) FROM public;

GRANT EXECUTE ON FUNCTION public.balance_statement(bigint, text, bigint, bigint, text, integer)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
