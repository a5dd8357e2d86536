SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.balance_events_between(
    p_tenant_id bigint, p_from_ms bigint DEFAULT NULL, p_to_ms bigint DEFAULT NULL, p_after text DEFAULT NULL,
    p_limit integer DEFAULT 1000
)
RETURNS TABLE (
    id uuid, aggregate_id text, event_type text, event_data jsonb, "timestamp" bigint, version integer,
    metadata jsonb, created_at timestamptz, next_page text
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
SET enable_sort = off
AS $$
-- A page is a range of an index, in its order: what is sorted is one moment at a time.
DECLARE
    v_filters jsonb := jsonb_build_array('balance_events_between', p_tenant_id, p_from_ms, p_to_ms);
    v_position jsonb;
    -- What the page comes after: at first, all that is before the time asked for.
    v_at bigint := greatest(p_from_ms, 0) - 1;
    v_id uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
    v_to bigint := coalesce(p_to_ms, 9223372036854775807);
BEGIN
    PERFORM projection.require_page(p_tenant_id, p_limit);
    IF p_after IS NOT NULL THEN
        v_position := projection.position_of_page(p_after, v_filters);
        v_at := (v_position ->> 0)::bigint;
        v_id := (v_position ->> 1)::uuid;
    END IF;
    RETURN QUERY
    SELECT e.id, e.aggregate_id, e.event_type, e.event_data, e."timestamp", e.version, e.metadata, e.created_at,
        CASE
            WHEN row_number() OVER (ORDER BY e."timestamp", e.id) = p_limit AND (
                -- By the index of this order, as an EXISTS need not be.
                SELECT n.id FROM public.balance_events AS n
                WHERE n.tenant_id = p_tenant_id
                    AND (n."timestamp", n.id) > (e."timestamp", e.id) AND n."timestamp" <= v_to
                ORDER BY n."timestamp" LIMIT 1
            ) IS NOT NULL THEN projection.page_after(v_filters, jsonb_build_array(e."timestamp", e.id))
        END
    FROM public.balance_events AS e
    WHERE e.tenant_id = p_tenant_id AND (e."timestamp", e.id) > (v_at, v_id) AND e."timestamp" <= v_to
    ORDER BY e."timestamp", e.id
    LIMIT p_limit;
END
$$;

COMMENT ON FUNCTION public.balance_events_between(bigint, bigint, bigint, text, integer) IS
'The balance events of a tenant from one time to another, both included, in milliseconds since 1970-01-01 UTC; from '
'the beginning and to the end where they are null. Pages of p_limit events in the order of timestamp, then id: where '
'there are more, next_page of the last row is p_after of the next call. Null may be: metadata, next_page. Errors: '
'BL001 bad tenant, limit or cursor, BL006 foreign tenant. Example: SELECT * FROM public.balance_events_between(10001, '
'1700000000000, 1700003600000).';

REVOKE ALL ON FUNCTION public.balance_events_between(bigint, bigint, bigint, text, integer) FROM public;

GRANT EXECUTE ON FUNCTION public.balance_events_between(bigint, bigint, bigint, text, integer)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
