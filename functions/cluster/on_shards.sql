SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.on_shards(p_command text, p_tenant_id bigint)
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_anchor text := (SELECT min(t.event_table) FROM projection.event_types AS t);
    v_shard_id bigint;
    v_success boolean;
    v_result text;
BEGIN
    -- Citus puts the name of each shard for %s, and runs the command on all of them at the same time.
    FOR v_shard_id, v_success, v_result IN EXECUTE format(
        'SELECT r.shardid, r.success, r.result FROM pg_catalog.run_command_on_shards(%L, %L) AS r%s', v_anchor,
        replace(p_command, '<shard_id>', '(substring(''%s'' FROM ''_([0-9]+)$''))::bigint'),
        CASE WHEN p_tenant_id IS NOT NULL THEN format(
            ' WHERE r.shardid = pg_catalog.get_shard_id_for_distribution_column(%L, %L::bigint)', v_anchor, p_tenant_id
        ) END
    ) LOOP
        IF NOT v_success THEN
            RAISE EXCEPTION 'shard % failed: %', v_shard_id, split_part(v_result, E'\n', 1)
                USING ERRCODE = 'BL032',
                HINT = 'Mend what it says (betledger doctor finds workers that are down), '
                    'and run the same command again.';
        END IF;
        RETURN NEXT v_result;
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.on_shards(text, bigint) IS
'Runs a command on the node of every shard of a Citus cluster (with a tenant, the answer of its shard counts), with '
'the id of the shard for <shard_id>, and gives the answers. Error: BL032 a shard failed. Example: SELECT * FROM '
'projection.on_shards(''SELECT <shard_id>'', NULL).';

REVOKE ALL ON FUNCTION projection.on_shards(text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.on_shards(text, bigint) TO betledger_reader, betledger_operator;
