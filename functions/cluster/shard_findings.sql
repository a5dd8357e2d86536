SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.shard_findings()
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table text;
    v_expected text[];
    v_shard record;
BEGIN
    FOR v_table IN SELECT t.name FROM projection.ledger_tables() AS t WHERE projection.is_distributed(t.name) LOOP
        v_expected := ARRAY(
            SELECT 'trigger ' || g.tgname FROM pg_trigger AS g
            -- TRUNCATE is stopped by the trigger of the table, before it reaches a shard.
            WHERE g.tgrelid = v_table::regclass AND NOT g.tgisinternal AND g.tgtype & 32 = 0
            UNION ALL SELECT 'policy ' || p.polname FROM pg_policy AS p WHERE p.polrelid = v_table::regclass
            UNION ALL
            SELECT 'row-level security' FROM pg_class AS c WHERE c.oid = v_table::regclass AND c.relrowsecurity
        );
        FOR v_shard IN
            SELECT r.shardid, r.success, r.result
            FROM pg_catalog.run_command_on_shards(v_table, $command$
                SELECT array(
                    SELECT 'trigger ' || regexp_replace(g.tgname, '_[0-9]+$', '') FROM pg_catalog.pg_trigger AS g
                    WHERE g.tgrelid = '%1$s'::regclass AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
                    UNION ALL
                    SELECT 'policy ' || p.polname FROM pg_catalog.pg_policy AS p WHERE p.polrelid = '%1$s'::regclass
                    UNION ALL
                    SELECT 'row-level security' FROM pg_catalog.pg_class AS c
                    WHERE c.oid = '%1$s'::regclass AND c.relrowsecurity
                )
            $command$) AS r
        LOOP
            IF NOT v_shard.success THEN
                RETURN NEXT format(
                    'shard %s of %s was not checked: %s', v_shard.shardid, v_table,
                    split_part(v_shard.result, E'\n', 1)
                );
            ELSE
                RETURN QUERY
                SELECT format('shard %s of %s has no %s', v_shard.shardid, v_table, e)
                FROM unnest(v_expected) AS e WHERE e <> ALL (v_shard.result::text[]);
            END IF;
        END LOOP;
    END LOOP;
END
$$;

COMMENT ON FUNCTION ops.shard_findings() IS
'On Citus: a line for each trigger, policy and row-level security that a shard lacks, and for each shard that does '
'not answer. Example: SELECT * FROM ops.shard_findings().';

REVOKE ALL ON FUNCTION ops.shard_findings() FROM public;

GRANT EXECUTE ON FUNCTION ops.shard_findings() TO betledger_operator;
