SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.tenants(p_tenant_id bigint DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS TABLE (
    tenant_id bigint, name text, currency text, scale integer, status text, users bigint, bets bigint,
    last_activity_at timestamptz, node_name text, node_port integer, shard_id bigint, shard_bytes bigint,
    shard_tenants bigint, reads bigint, writes bigint, cpu_seconds double precision
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_known jsonb;
    v_busy jsonb := '{}';
BEGIN
    IF p_limit IS NULL OR p_limit < 1 THEN
        PERFORM projection.refuse_argument('limit', p_limit::text, 'Send the number of tenants to list, 1 or more.');
    END IF;
    IF NOT projection.is_distributed('public.bet_events') THEN
        RETURN QUERY
        SELECT t.tenant_id, t.name, t.currency, t.scale, t.status, t.users, t.bets, t.last_activity_at, NULL::text,
            NULL::integer, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::double precision
        FROM projection.known_tenants(p_tenant_id, p_limit) AS t
        ORDER BY t.bets DESC, t.tenant_id;
        RETURN;
    END IF;
    -- Only members of pg_monitor may see what others do.
    IF has_table_privilege('pg_catalog.citus_stat_tenants', 'SELECT')
        AND current_setting('citus.stat_tenants_track') <> 'none'
    THEN
        SELECT coalesce(jsonb_object_agg(b.tenant_attribute, jsonb_build_array(b.reads, b.writes, b.cpu)), '{}')
        INTO v_busy
        FROM (
            SELECT s.tenant_attribute, sum(s.read_count_in_this_period + s.read_count_in_last_period) AS reads,
                sum(s.query_count_in_this_period + s.query_count_in_last_period
                    - s.read_count_in_this_period - s.read_count_in_last_period) AS writes,
                sum(s.cpu_usage_in_this_period + s.cpu_usage_in_last_period) AS cpu
            FROM pg_catalog.citus_stat_tenants AS s WHERE s.tenant_attribute IS NOT NULL GROUP BY s.tenant_attribute
        ) AS b;
    END IF;
    -- Apart: what asks all shards may not be part of a query that does.
    v_known := (SELECT jsonb_agg(t) FROM projection.known_tenants(p_tenant_id, p_limit) AS t);
    RETURN QUERY
    WITH summaries AS MATERIALIZED (
        SELECT t.*
        FROM jsonb_to_recordset(v_known) AS t (
            tenant_id bigint, name text, currency text, scale integer, status text, users bigint, bets bigint,
            last_activity_at timestamptz
        )
    ),
    placements AS MATERIALIZED (
        SELECT p.nodename, p.nodeport, s.colocation_id, d.shardminvalue, d.shardmaxvalue,
            min(s.shardid) FILTER (WHERE s.table_name = 'public.bet_events'::regclass) AS shard_id,
            sum(s.shard_size)::bigint AS bytes
        FROM pg_catalog.citus_shards AS s
        JOIN pg_catalog.pg_dist_shard AS d ON d.shardid = s.shardid
        JOIN pg_catalog.pg_dist_node AS p ON p.nodename = s.nodename AND p.nodeport = s.nodeport
        JOIN pg_catalog.pg_dist_partition AS b
            ON b.logicalrelid = 'public.bet_events'::regclass AND b.colocationid = s.colocation_id
        GROUP BY p.nodename, p.nodeport, s.colocation_id, d.shardminvalue, d.shardmaxvalue
    ),
    shared AS MATERIALIZED (
        SELECT pg_catalog.get_shard_id_for_distribution_column('public.bet_events', t.tenant_id) AS shard_id,
            count(*) AS tenants
        FROM (
            SELECT o.tenant_id FROM projection.tenant_totals AS o UNION SELECT k.tenant_id FROM public.tenants AS k
        ) AS t
        GROUP BY 1
    )
    SELECT s.tenant_id, s.name, s.currency, s.scale, s.status, s.users, s.bets, s.last_activity_at, p.nodename,
        p.nodeport, p.shard_id, p.bytes, o.tenants, (v_busy -> s.tenant_id::text ->> 0)::bigint,
        (v_busy -> s.tenant_id::text ->> 1)::bigint, (v_busy -> s.tenant_id::text ->> 2)::double precision
    FROM summaries AS s
    JOIN placements AS p
        ON p.shard_id = pg_catalog.get_shard_id_for_distribution_column('public.bet_events', s.tenant_id)
    JOIN shared AS o ON o.shard_id = p.shard_id
    ORDER BY s.bets DESC, s.tenant_id;
END
$$;

COMMENT ON FUNCTION ops.tenants(bigint, integer) IS
'Tenants with the most bets first, or one tenant: those that have written, and those with a row in public.tenants, '
'which tell name, currency, scale and status. On Citus also its node, its shard (that of bet_events; bytes are those '
'of all ledger tables, shard_tenants counts who lives there) and, for members of pg_monitor where '
'citus.stat_tenants_track is on, its reads, writes and CPU seconds in this and the last period '
'(citus.stat_tenants_period). Null may be: name, currency, scale, status, last_activity_at, node_name, node_port, '
'shard_id, shard_bytes, shard_tenants, reads, writes, cpu_seconds. Error: BL001 bad limit. Example: SELECT * FROM '
'ops.tenants(p_limit => 10).';

REVOKE ALL ON FUNCTION ops.tenants(bigint, integer) FROM public;

GRANT EXECUTE ON FUNCTION ops.tenants(bigint, integer) TO betledger_operator;
