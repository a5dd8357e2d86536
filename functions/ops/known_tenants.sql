SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.known_tenants(p_tenant_id bigint, p_limit integer)
RETURNS TABLE (
    tenant_id bigint, name text, currency text, scale integer, status text, users bigint, bets bigint,
    last_activity_at timestamptz
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Materialized, since Citus joins in this way only what it has fetched.
    RETURN QUERY
    WITH summaries AS MATERIALIZED (
        SELECT t.tenant_id, t.users, t.bets, t.last_activity_at FROM public.tenants_summary_view AS t
        WHERE p_tenant_id IS NULL OR t.tenant_id = p_tenant_id
        ORDER BY t.bets DESC, t.tenant_id LIMIT p_limit
    ),
    known AS MATERIALIZED (
        SELECT t.tenant_id, t.name, t.currency, t.scale, t.status FROM public.tenants AS t
        WHERE p_tenant_id IS NULL OR t.tenant_id = p_tenant_id
    )
    SELECT coalesce(s.tenant_id, k.tenant_id), k.name, k.currency, k.scale, k.status, coalesce(s.users, 0),
        coalesce(s.bets, 0), s.last_activity_at
    FROM summaries AS s FULL JOIN known AS k ON k.tenant_id = s.tenant_id
    ORDER BY s.bets DESC NULLS LAST, 1 LIMIT p_limit;
END
$$;

COMMENT ON FUNCTION projection.known_tenants(bigint, integer) IS
'The tenants that ops.tenants() tells of, and what is known of them on any server.';

REVOKE ALL ON FUNCTION projection.known_tenants(bigint, integer) FROM public;

GRANT EXECUTE ON FUNCTION projection.known_tenants(bigint, integer) TO betledger_operator;
