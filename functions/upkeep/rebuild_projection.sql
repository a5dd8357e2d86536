SET LOCAL ROLE betledger_owner;

-- No SET clause: with one, a procedure may not commit. So every name has its schema.
CREATE OR REPLACE PROCEDURE ops.rebuild_projection(
    p_name text DEFAULT NULL, p_tenant_id bigint DEFAULT NULL, p_batch integer DEFAULT 10000,
    p_from_start boolean DEFAULT false
)
LANGUAGE plpgsql
AS $$
DECLARE
    v_only text := CASE WHEN p_name IS NOT NULL THEN projection.read_table(p_name) END;
    v_run ops.rebuilds;
BEGIN
    IF p_batch IS NULL OR p_batch < 1 THEN
        PERFORM projection.refuse_argument(
            'batch', p_batch::text,
            'Send the number of rows to rebuild between two commits, 1 or more.'
        );
    END IF;
    IF projection.is_distributed('public.bet_events') THEN
        -- A node that is down is told of before anything is written down.
        PERFORM projection.on_shards('SELECT 1', NULL);
    ELSE
        PERFORM projection.raise_era();
        COMMIT;
    END IF;
    v_run := projection.begin_rebuild(v_only, p_tenant_id, p_from_start);
    COMMIT;
    WHILE v_run.positions IS NOT NULL OR pg_catalog.cardinality(v_run.read_tables) > 1 LOOP
        v_run := projection.rebuild_round(v_run, p_batch);
        COMMIT;
        RAISE NOTICE '%: % of about % rows rebuilt, % of them were different',
            v_run.read_tables[1], v_run.rows_done, v_run.rows_total, v_run.rows_different
            USING DETAIL = pg_catalog.jsonb_build_object(
                'step', v_run.read_tables[1], 'done', v_run.rows_done, 'total', v_run.rows_total
            );
    END LOOP;
    PERFORM ops.record_rebuild(v_only, p_tenant_id);
END
$$;

COMMENT ON PROCEDURE ops.rebuild_projection(text, bigint, integer, boolean) IS -- noqa: LT01
'Folds a read table (all of them without a name) anew from its sources, and then the summaries above it, for one '
'tenant or for all, and commits every p_batch rows. Runs beside writers; may be stopped at any time. Run again within '
'a day, it goes on from the last batch (ops.rebuilds), unless definitions have changed, a verify has found something '
'since, or p_from_start says to begin anew. On Citus all shards are rebuilt at the same time, each on its node. '
'Errors: BL001 unknown projection or bad batch, BL032 a shard failed. Example: CALL '
'ops.rebuild_projection(''bets_view'').';

REVOKE ALL ON PROCEDURE ops.rebuild_projection(text, bigint, integer, boolean) FROM public;

GRANT EXECUTE ON PROCEDURE ops.rebuild_projection(text, bigint, integer, boolean) TO betledger_operator;
