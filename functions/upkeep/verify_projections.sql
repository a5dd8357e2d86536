SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.verify_projections(p_tenant_id bigint DEFAULT NULL, p_sample numeric DEFAULT NULL)
RETURNS TABLE (projection text, tenant_id bigint, key text, expected jsonb, actual jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_read_table text;
    v_done integer := 0;
    v_total integer := (SELECT count(*) FROM projection.projections AS p);
    v_found bigint := 0;
    v_in_projection bigint;
BEGIN
    IF p_sample NOT BETWEEN 0.0001 AND 100 THEN
        PERFORM projection.refuse_argument(
            'sample', p_sample::text, 'Send the percentage of rows to compare, 0.0001 to 100.'
        );
    END IF;
    FOR v_read_table IN SELECT p.read_table FROM projection.projections AS p ORDER BY p.position, p.read_table LOOP
        RAISE NOTICE '% is compared with the fold of its events', v_read_table
            USING DETAIL = jsonb_build_object('step', 'read tables', 'done', v_done, 'total', v_total);
        IF projection.is_distributed('public.bet_events') THEN
            RETURN QUERY
            SELECT v.projection, v.tenant_id, v.key, v.expected, v.actual
            FROM projection.on_shards(
                format(
                    'SELECT coalesce(jsonb_agg(v), ''[]'') FROM projection.differences(%L, %L, %L, <shard_id>) AS v',
                    v_read_table, p_tenant_id, p_sample
                ), p_tenant_id
            ) AS s,
            jsonb_to_recordset(s::jsonb)
                AS v (projection text, tenant_id bigint, key text, expected jsonb, actual jsonb);
        ELSE
            RETURN QUERY
            SELECT d.projection, d.tenant_id, d.key, d.expected, d.actual
            FROM projection.differences(v_read_table, p_tenant_id, p_sample, NULL) AS d;
        END IF;
        GET DIAGNOSTICS v_in_projection = ROW_COUNT;
        v_found := v_found + v_in_projection;
        v_done := v_done + 1;
    END LOOP;
    RAISE NOTICE 'all read tables are compared'
        USING DETAIL = jsonb_build_object('step', 'read tables', 'done', v_done, 'total', v_total);
    IF p_sample IS NULL OR v_found > 0 THEN
        PERFORM ops.record_run('verify', p_tenant_id, v_found);
    END IF;
END
$$;

COMMENT ON FUNCTION ops.verify_projections(bigint, numeric) IS
'The rows of the read tables that differ from the fold of their sources; none when all is well. Of one tenant, or of '
'all; with p_sample, of about so many percent of the rows, taken at random, without the totals of tenants. expected is '
'the fold, actual the row; null where one of them is missing. Repair with ops.rebuild_projection. On Citus all shards '
'are compared at the same time, each on its node. Null may be: expected, actual. Errors: BL001 bad sample, BL032 a '
'shard failed. Example: SELECT * FROM ops.verify_projections().';

REVOKE ALL ON FUNCTION ops.verify_projections(bigint, numeric) FROM public;

GRANT EXECUTE ON FUNCTION ops.verify_projections(bigint, numeric) TO betledger_operator;
