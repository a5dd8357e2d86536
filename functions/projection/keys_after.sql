SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.keys_after(
    p_read_table text, p_tenant_id bigint, p_after_tenant_id bigint, p_after_key text, p_limit integer,
    p_shard_id bigint,
    OUT tenant_ids bigint[], OUT keys text[]
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $$
-- The SQL is made from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
BEGIN
    EXECUTE projection.localized((
        SELECT
            'SELECT array_agg(u.tenant_id ORDER BY u.tenant_id, u.key COLLATE "C"), array_agg(u.key ORDER BY u.tenant_id, u.key COLLATE "C")'
            || ' FROM (' || string_agg(format(
                '(SELECT DISTINCT e.tenant_id, %1$s AS key FROM %2$s AS e'
                || ' WHERE (e.tenant_id, %1$s) > ($2, $3) AND ($1 IS NULL OR e.tenant_id = $1) AND %1$s IS NOT NULL'
                || ' ORDER BY e.tenant_id, %1$s LIMIT $4)', s.key, s.source
            ), ' UNION ') || ' ORDER BY 1, 2 LIMIT $4) AS u'
        FROM (
            SELECT f.source_table AS source, f.key_expression AS key FROM projection.folds AS f WHERE f.read_table = p_read_table
            UNION ALL
            SELECT p.read_table, format('e.%I', p.key_columns[2]) FROM projection.projections AS p WHERE p.read_table = p_read_table
        ) AS s
    ), p_shard_id) INTO tenant_ids, keys USING p_tenant_id, p_after_tenant_id, p_after_key, p_limit;
END
$$;

COMMENT ON FUNCTION projection.keys_after(text, bigint, bigint, text, integer, bigint) IS
'The next keys that a read table has or should have, in order: those of its sources and its own; on Citus, of one shard. Example: SELECT * FROM projection.keys_after(''public.bets_view'', NULL, 0, '''', 10000, NULL).';

REVOKE ALL ON FUNCTION projection.keys_after(text, bigint, bigint, text, integer, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.keys_after(text, bigint, bigint, text, integer, bigint) TO betledger_operator;
