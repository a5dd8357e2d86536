SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.localized(p_sql text, p_shard_id bigint)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_sql text := p_sql;
    v_table record;
BEGIN
    IF p_shard_id IS NULL THEN
        RETURN v_sql;
    END IF;
    -- Every table of the colocation group has one shard of the same range of hashes, on the same node.
    FOR v_table IN EXECUTE $text$
        SELECT n.nspname AS schema_name, c.relname AS table_name, s.shardid
        FROM pg_catalog.pg_dist_shard AS given
        JOIN pg_catalog.pg_dist_partition AS g ON g.logicalrelid = given.logicalrelid
        JOIN pg_catalog.pg_dist_partition AS d ON d.colocationid = g.colocationid
        JOIN pg_catalog.pg_dist_shard AS s ON s.logicalrelid = d.logicalrelid AND s.shardminvalue = given.shardminvalue
        JOIN pg_catalog.pg_class AS c ON c.oid = d.logicalrelid
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE given.shardid = $1
        $text$ USING p_shard_id
    LOOP
        -- Not where the name is a literal or a type.
        v_sql := regexp_replace(
            v_sql, format('(?<!'')\m%s\.%s\M(?!\[)', v_table.schema_name, v_table.table_name),
            format('%I.%I', v_table.schema_name, format('%s_%s', v_table.table_name, v_table.shardid)), 'g'
        );
        v_sql := regexp_replace(
            v_sql, format('\mprojection\.(refresh_%1$s|%1$s_inserted|%1$s_key_removed)\M', v_table.table_name),
            format('projection.\1_%s_%s', v_table.shardid, projection.compiled_version()), 'g'
        );
    END LOOP;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'shard % is unknown on this node', p_shard_id
            USING ERRCODE = 'BL001', HINT = 'Give the id of a shard of an event table: see pg_dist_shard.';
    END IF;
    RETURN v_sql;
END
$body$;

COMMENT ON FUNCTION projection.localized(text, bigint) IS
'An SQL text of ours for one shard of a Citus cluster: with the names of the co-located shards and of the functions that are compiled for them, in place of the tables and functions. Unchanged when the shard is null, as on plain PostgreSQL. Error: BL001 unknown shard. Example: SELECT projection.localized(''SELECT * FROM public.bets_view'', NULL).';

REVOKE ALL ON FUNCTION projection.localized(text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.localized(text, bigint) TO betledger_operator;
