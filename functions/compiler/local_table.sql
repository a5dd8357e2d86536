SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.local_table(p_table text, p_shard_id bigint)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_shard_id bigint;
BEGIN
    IF p_shard_id IS NULL THEN
        RETURN p_table;
    END IF;
    -- Every table of the colocation group has one shard of the same range of hashes, on the same node.
    SELECT s.shardid INTO v_shard_id
    FROM pg_catalog.pg_dist_shard AS given
    JOIN pg_catalog.pg_dist_shard AS s ON s.shardminvalue = given.shardminvalue AND s.logicalrelid = p_table::regclass
    WHERE given.shardid = p_shard_id;
    IF v_shard_id IS NULL THEN
        RAISE EXCEPTION 'shard % is unknown on this node', p_shard_id
            USING ERRCODE = 'BL001', HINT = 'Give the id of a shard of an event table: see pg_dist_shard.';
    END IF;
    RETURN format('%s_%s', p_table, v_shard_id);
END
$$;

COMMENT ON FUNCTION projection.local_table(text, bigint) IS
'The name of a table as compiled code has to write it: of its shard that is beside the given one on Citus, its own '
'where the shard is null. Error: BL001 unknown shard. Example: SELECT projection.local_table(''public.bets_view'', '
'NULL).';

REVOKE ALL ON FUNCTION projection.local_table(text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.local_table(text, bigint) TO betledger_operator;
