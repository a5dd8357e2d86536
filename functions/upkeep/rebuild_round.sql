SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.rebuild_round(p_run ops.rebuilds, p_batch integer)
RETURNS ops.rebuilds
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_run ops.rebuilds := p_run;
    v_tenant_id bigint := nullif(p_run.only_tenant, 0);
    v_answers jsonb[];
BEGIN
    IF v_run.positions IS NULL THEN
        v_run.read_tables := v_run.read_tables[2:];
        v_run.positions := '{}';
        v_run.rows_done := 0;
        v_run.rows_different := 0;
        v_run.rows_total := 0;
    END IF;
    IF projection.is_distributed('public.bet_events') THEN
        v_answers := ARRAY(
            SELECT s::jsonb FROM projection.on_shards(format(
                -- In hex: Citus puts the name of a shard for what looks like a place for it, in keys, too.
                'SELECT projection.rebuild_batch(%L, %L, convert_from(''\x%s'', ''UTF8'')::jsonb, %L, <shard_id>)',
                v_run.read_tables[1], v_tenant_id, encode(convert_to(v_run.positions::text, 'UTF8'), 'hex'), p_batch
            ), v_tenant_id) AS s
        );
    ELSE
        v_answers := ARRAY[
            projection.rebuild_batch(v_run.read_tables[1], v_tenant_id, v_run.positions, p_batch, NULL)
        ];
    END IF;
    SELECT
        nullif(jsonb_object_agg(a ->> 'shard', a -> 'position'), jsonb_object_agg(a ->> 'shard', 'null'::jsonb)),
        v_run.rows_done + sum((a ->> 'rows')::bigint), v_run.rows_different + sum((a ->> 'different')::bigint),
        v_run.rows_total + sum((a ->> 'total')::bigint)
    INTO v_run.positions, v_run.rows_done, v_run.rows_different, v_run.rows_total
    FROM unnest(v_answers) AS a;
    v_run.rows_total := CASE
        WHEN v_run.positions IS NULL THEN v_run.rows_done ELSE greatest(v_run.rows_total, v_run.rows_done)
    END;
    PERFORM projection.record_progress(v_run);
    RETURN v_run;
END
$$;

COMMENT ON FUNCTION projection.rebuild_round(ops.rebuilds, integer) IS
'Rebuilds the next batch of rows, on Citus one of each shard, and writes down how far the rebuild has come. Error: '
'BL032 a shard failed. Example: SELECT * FROM '
'projection.rebuild_round(projection.begin_rebuild(''public.bets_view'', NULL, false), 10000).';

REVOKE ALL ON FUNCTION projection.rebuild_round(ops.rebuilds, integer) FROM public;

GRANT EXECUTE ON FUNCTION projection.rebuild_round(ops.rebuilds, integer) TO betledger_operator;
