SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.bet_events_between(
    p_tenant_id bigint, p_from_ms bigint, p_to_ms bigint, p_limit integer DEFAULT 1000
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
    PERFORM projection.require_tenant(p_tenant_id);
    IF p_limit IS NULL OR p_limit < 0 THEN
        PERFORM projection.refuse_argument(
            'limit', p_limit::text, 'Send the highest number of events to give, 0 or more.'
        );
    END IF;
    RETURN QUERY
    SELECT e.id, e.aggregate_id, e.event_type, e.event_data, e."timestamp", e.version, e.metadata, e.created_at
    FROM public.bet_events AS e
    WHERE e.tenant_id = p_tenant_id AND e."timestamp" BETWEEN p_from_ms AND p_to_ms
    ORDER BY e."timestamp", e.id
    LIMIT p_limit;
END
$$;

COMMENT ON FUNCTION public.bet_events_between(bigint, bigint, bigint, integer) IS
'The bet events of a tenant from one time to another, both included, in milliseconds since 1970-01-01 UTC; the first '
'p_limit in the order of time. For the next page start from the last timestamp and leave out the ids that you have. '
'Errors: BL001 bad tenant or limit, BL006 foreign tenant. Example: SELECT * FROM public.bet_events_between(10001, '
'1700000000000, 1700003600000).';

REVOKE ALL ON FUNCTION public.bet_events_between(bigint, bigint, bigint, integer) FROM public;

GRANT EXECUTE ON FUNCTION public.bet_events_between(bigint, bigint, bigint, integer)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
