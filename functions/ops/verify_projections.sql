SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.verify_projections(p_tenant_id bigint DEFAULT NULL, p_shard_id bigint DEFAULT NULL)
RETURNS TABLE (projection text, tenant_id bigint, key text, expected jsonb, actual jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_projection record;
    v_done integer := 0;
    v_total integer := (SELECT count(*) FROM projection.projections AS p);
    v_found bigint := 0;
    v_in_projection bigint;
BEGIN
    IF p_shard_id IS NULL AND projection.is_distributed('public.bet_events') THEN
        RETURN QUERY
        SELECT v.projection, v.tenant_id, v.key, v.expected, v.actual
        FROM projection.on_shards(
            format(
                'SELECT coalesce(jsonb_agg(v), ''[]'') FROM ops.verify_projections(%L, <shard_id>) AS v', p_tenant_id
            ), p_tenant_id
        ) AS s,
        jsonb_to_recordset(s::jsonb) AS v (projection text, tenant_id bigint, key text, expected jsonb, actual jsonb);
        GET DIAGNOSTICS v_found = ROW_COUNT;
        PERFORM ops.record_run('verify', p_tenant_id, v_found);
        RETURN;
    END IF;
    FOR v_projection IN SELECT p.* FROM projection.projections AS p ORDER BY p.position LOOP
        RAISE NOTICE '% is compared with the fold of its events', v_projection.read_table
            USING DETAIL = jsonb_build_object('step', v_projection.read_table, 'done', v_done, 'total', v_total);
        -- One statement, one snapshot: right in the middle of writes, too.
        RETURN QUERY EXECUTE projection.verify_text(v_projection.read_table, p_shard_id) USING p_tenant_id;
        GET DIAGNOSTICS v_in_projection = ROW_COUNT;
        v_found := v_found + v_in_projection;
        v_done := v_done + 1;
    END LOOP;
    IF p_shard_id IS NULL THEN
        PERFORM ops.record_run('verify', p_tenant_id, v_found);
    END IF;
END
$$;

COMMENT ON FUNCTION ops.verify_projections(bigint, bigint) IS
'The rows of the read tables that differ from the fold of their sources; none when all is well. Of one tenant, or of '
'all. expected is the fold, actual the row; null where one of them is missing. Repair with ops.rebuild_projection. On '
'Citus all shards are compared at the same time, each on its node. Null may be: expected, actual. Error: BL032 a '
'shard failed. Example: SELECT * FROM ops.verify_projections().';

REVOKE ALL ON FUNCTION ops.verify_projections(bigint, bigint) FROM public;

GRANT EXECUTE ON FUNCTION ops.verify_projections(bigint, bigint) TO betledger_operator;
