SET LOCAL ROLE betledger_owner;

-- No SET clause: with one, a procedure may not commit. So every name has its schema.
CREATE OR REPLACE PROCEDURE ops.rebuild_projection(
    p_name text DEFAULT NULL, p_tenant_id bigint DEFAULT NULL, p_batch integer DEFAULT 10000,
    p_shard_id bigint DEFAULT NULL
)
LANGUAGE plpgsql
AS $$
DECLARE
    v_projection record;
    v_keys record;
    v_after_tenant_id bigint;
    v_after_key text;
    v_done bigint;
    v_changed bigint;
    v_in_batch bigint;
    v_only text := CASE WHEN p_name IS NOT NULL THEN projection.read_table(p_name) END;
BEGIN
    IF p_batch IS NULL OR p_batch < 1 THEN
        PERFORM projection.refuse_argument(
            'batch', p_batch::text,
            'Send the number of rows to rebuild between two commits, 1 or more.'
        );
    END IF;
    IF p_shard_id IS NOT NULL THEN
        PERFORM projection.compile_shard(p_shard_id);
    ELSIF projection.is_distributed('public.bet_events') THEN
        PERFORM projection.on_shards(
            pg_catalog.format('CALL ops.rebuild_projection(%L, %L, %L, <shard_id>)', p_name, p_tenant_id, p_batch),
            p_tenant_id
        );
        PERFORM ops.record_rebuild(v_only, p_tenant_id);
        RETURN;
    ELSE
        PERFORM projection.raise_era();
        COMMIT;
    END IF;
    FOR v_projection IN
        SELECT p.read_table, p.kind FROM projection.projections AS p
        WHERE v_only IS NULL OR p.read_table = v_only OR p.read_table = ANY (projection.read_tables_of(v_only))
        ORDER BY p.position
    LOOP
        v_after_tenant_id := 0;
        v_after_key := '';
        v_done := 0;
        v_changed := 0;
        WHILE v_projection.kind <> 'slots' LOOP
            SELECT k.tenant_ids, k.keys INTO v_keys
            FROM projection.keys_after(
                v_projection.read_table, p_tenant_id, v_after_tenant_id, v_after_key, p_batch, p_shard_id
            ) AS k;
            EXIT WHEN v_keys.keys IS NULL;
            v_in_batch := projection.refresh_rows(
                v_projection.read_table, v_keys.tenant_ids, v_keys.keys, p_shard_id
            );
            v_after_tenant_id := v_keys.tenant_ids[pg_catalog.cardinality(v_keys.keys)];
            v_after_key := v_keys.keys[pg_catalog.cardinality(v_keys.keys)];
            v_done := v_done + pg_catalog.cardinality(v_keys.keys);
            v_changed := v_changed + v_in_batch;
            COMMIT;
            RAISE NOTICE '%: % rows rebuilt, % of them were different', v_projection.read_table, v_done, v_changed
                USING DETAIL = pg_catalog.jsonb_build_object(
                    'step', v_projection.read_table, 'done', v_done, 'total', NULL
                );
        END LOOP;
        IF v_projection.kind = 'slots' THEN
            v_changed := projection.repair_slots(v_projection.read_table, p_tenant_id, p_shard_id);
            COMMIT;
            RAISE NOTICE '%: % tenants were different', v_projection.read_table, v_changed
                USING DETAIL = pg_catalog.jsonb_build_object('step', v_projection.read_table, 'done', 1, 'total', 1);
        END IF;
    END LOOP;
    IF p_shard_id IS NULL THEN
        PERFORM ops.record_rebuild(v_only, p_tenant_id);
    END IF;
END
$$;

COMMENT ON PROCEDURE ops.rebuild_projection(text, bigint, integer, bigint) IS -- noqa: LT01
'Folds a read table (all of them without a name) anew from its sources, and then the summaries above it, for one '
'tenant or for all, and commits every p_batch rows. Runs beside writers; may be stopped at any time and run again. On '
'Citus all shards are rebuilt at the same time, each on its node (by a call with p_shard_id). Errors: BL001 unknown '
'projection or bad batch, BL032 a shard failed. Example: CALL ops.rebuild_projection(''bets_view'').';

REVOKE ALL ON PROCEDURE ops.rebuild_projection(text, bigint, integer, bigint) FROM public;

GRANT EXECUTE ON PROCEDURE ops.rebuild_projection(text, bigint, integer, bigint) TO betledger_operator;
