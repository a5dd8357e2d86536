SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.rebuild_batch(
    p_read_table text, p_tenant_id bigint, p_positions jsonb, p_batch integer, p_shard_id bigint
)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_shard text := coalesce(p_shard_id, 0);
    v_position jsonb := p_positions -> v_shard;
    v_tenant_ids bigint[];
    v_keys text[];
    v_rows bigint := 0;
    v_different bigint := 0;
    v_total bigint := 0;
BEGIN
    IF v_position = 'null' THEN
        RETURN jsonb_build_object('shard', v_shard, 'rows', 0, 'different', 0, 'total', 0, 'position', NULL);
    END IF;
    IF p_shard_id IS NOT NULL THEN
        PERFORM projection.compile_shard(p_shard_id);
    END IF;
    IF (SELECT p.kind = 'slots' FROM projection.projections AS p WHERE p.read_table = p_read_table) THEN
        v_different := projection.repair_slots(p_read_table, p_tenant_id, p_shard_id);
        v_rows := v_different;
    ELSE
        SELECT k.tenant_ids, k.keys INTO v_tenant_ids, v_keys
        FROM projection.keys_after(
            p_read_table, p_tenant_id, coalesce((v_position ->> 'tenant_id')::bigint, 0),
            coalesce(v_position ->> 'key', ''), p_batch, p_shard_id
        ) AS k;
        v_rows := coalesce(cardinality(v_keys), 0);
        IF v_rows > 0 THEN
            v_different := projection.refresh_rows(p_read_table, v_tenant_ids, v_keys, p_shard_id);
        END IF;
        IF v_position IS NULL THEN
            v_total := projection.estimated_rows(p_read_table, p_tenant_id, p_shard_id);
        END IF;
    END IF;
    RETURN jsonb_build_object(
        'shard', v_shard, 'rows', v_rows, 'different', v_different, 'total', v_total,
        'position', CASE WHEN cardinality(v_keys) = p_batch THEN
            jsonb_build_object('tenant_id', v_tenant_ids[p_batch], 'key', v_keys[p_batch])
        END
    );
END
$$;

COMMENT ON FUNCTION projection.rebuild_batch(text, bigint, jsonb, integer, bigint) IS
'Rebuilds the next rows of a read table after a position, on Citus those of one shard; gives where it ended (null: '
'nothing is left), how many rows it saw and how many were different, and at the start how many there are in all. '
'Called by projection.rebuild_round(). Example: SELECT projection.rebuild_batch(''public.bets_view'', 10001, ''{}'', '
'10000, NULL).';

REVOKE ALL ON FUNCTION projection.rebuild_batch(text, bigint, jsonb, integer, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.rebuild_batch(text, bigint, jsonb, integer, bigint) TO betledger_operator;
