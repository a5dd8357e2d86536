SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.payment_history(p_tenant_id bigint, p_payment_id text)
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
    PERFORM projection.require_tenant(p_tenant_id);
    RETURN QUERY
    SELECT e.id, e.aggregate_id, e.event_type, e.event_data, e."timestamp", e.version, e.metadata, e.created_at
    FROM public.payment_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_payment_id
    ORDER BY e."timestamp", projection.event_order(e.event_type), e.id;
END
$$;

COMMENT ON FUNCTION public.payment_history(bigint, text) IS
'The events of a payment in the order in which they fold; none when there is no such payment. Null may be: metadata. '
'Errors: BL001 bad tenant, BL006 foreign tenant. Example: SELECT * FROM public.payment_history(10001, ''payment-1'').';

REVOKE ALL ON FUNCTION public.payment_history(bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION public.payment_history(bigint, text)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
