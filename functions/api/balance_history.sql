SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.balance_history(p_tenant_id bigint, p_user_id text)
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
    FROM public.balance_events AS e
    WHERE e.tenant_id = p_tenant_id AND (e.event_data ->> 'user_id') COLLATE "C" = p_user_id
    ORDER BY e."timestamp", e.id;
END
$$;

COMMENT ON FUNCTION public.balance_history(bigint, text) IS
'The balance events of a user in the order of time; none when there are none. Null may be: metadata. Errors: BL001 '
'bad tenant, BL006 foreign tenant. Example: SELECT * FROM public.balance_history(10001, ''user-1'').';

REVOKE ALL ON FUNCTION public.balance_history(bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION public.balance_history(bigint, text)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
