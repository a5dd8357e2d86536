SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.payment_events_between(
    p_tenant_id bigint, p_from_ms bigint, p_to_ms bigint, p_limit integer DEFAULT 1000, p_after_id uuid DEFAULT NULL
)
RETURNS TABLE (
    id uuid, aggregate_id text, event_type text, event_data jsonb, "timestamp" bigint, version integer,
    metadata jsonb, created_at timestamptz
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
BEGIN
    PERFORM projection.require_page(p_tenant_id, p_limit);
    RETURN QUERY
    SELECT e.id, e.aggregate_id, e.event_type, e.event_data, e."timestamp", e.version, e.metadata, e.created_at
    FROM public.payment_events AS e
    WHERE e.tenant_id = p_tenant_id AND e."timestamp" BETWEEN p_from_ms AND p_to_ms
        AND (p_after_id IS NULL OR e."timestamp" > p_from_ms OR e.id > p_after_id)
    ORDER BY e."timestamp", e.id
    LIMIT p_limit;
END
$$;

COMMENT ON FUNCTION public.payment_events_between(bigint, bigint, bigint, integer, uuid) IS
'The payment events of a tenant from one time to another, both included, in milliseconds since 1970-01-01 UTC; the '
'first p_limit in the order of timestamp, then id. For the next page send the timestamp of the last event as '
'p_from_ms and its id as p_after_id. Errors: BL001 bad tenant or limit, BL006 foreign tenant. Example: SELECT * FROM '
'public.payment_events_between(10001, 1700000000000, 1700003600000).';

REVOKE ALL ON FUNCTION public.payment_events_between(bigint, bigint, bigint, integer, uuid) FROM public;

GRANT EXECUTE ON FUNCTION public.payment_events_between(bigint, bigint, bigint, integer, uuid)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
