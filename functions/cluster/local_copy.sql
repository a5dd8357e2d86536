SET LOCAL ROLE betledger_owner;

-- On Citus a query over a reference table may run on any node, with all functions that it calls, which may then not
-- look into such tables themselves. Every node has a copy; this one is read like any other table.
CREATE OR REPLACE FUNCTION projection.local_copy(p_table text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_shard_id bigint;
BEGIN
    IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
        SELECT s.shardid INTO v_shard_id
        FROM pg_catalog.pg_dist_partition AS d
        JOIN pg_catalog.pg_dist_shard AS s ON s.logicalrelid = d.logicalrelid
        WHERE d.logicalrelid = p_table::regclass AND d.partmethod = 'n';
    END IF;
    RETURN concat_ws('_', p_table, v_shard_id);
END
$$;

COMMENT ON FUNCTION projection.local_copy(text) IS
'The name of the copy of a reference table on this node of a Citus cluster; that of the table itself on plain '
'PostgreSQL. Example: SELECT projection.local_copy(''projection.event_types'').';

REVOKE ALL ON FUNCTION projection.local_copy(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.local_copy(text) TO betledger_operator;
