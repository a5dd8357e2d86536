SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.compile_shard(p_shard_id bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_suffix text;
    v_old regprocedure;
BEGIN
    -- One maker at a time on this node; the next one finds the work done.
    PERFORM pg_advisory_xact_lock(hashtextextended('betledger compile_shard', 0));
    v_suffix := substring(projection.localized('projection.bet_events_inserted', p_shard_id) FROM '_inserted(_.*)$');
    IF to_regproc('projection.bet_events_inserted' || v_suffix) IS NOT NULL THEN
        RETURN;
    END IF;
    -- What is made here belongs to this node alone.
    PERFORM set_config('citus.enable_ddl_propagation', 'off', true);
    PERFORM projection.compile_refresh(p.read_table, p_shard_id) FROM projection.projections AS p WHERE p.kind <> 'slots';
    PERFORM projection.compile_event_table(t.event_table, p_shard_id)
    FROM (SELECT DISTINCT e.event_table FROM projection.event_types AS e) AS t;
    -- Of older versions, and of shards that were moved away or split.
    FOR v_old IN
        SELECT f.oid FROM (
            SELECT
                p.oid, regexp_match(p.proname, '^(?:refresh_)?(.*?)(?:_inserted|_key_removed)?_([0-9]+)_([0-9a-f]{8})$') AS parts
            FROM pg_proc AS p WHERE p.pronamespace = 'projection'::regnamespace
        ) AS f
        WHERE f.parts IS NOT NULL AND (
            f.parts[3] <> projection.compiled_version() OR NOT EXISTS (
                SELECT FROM pg_class AS c WHERE c.relname = f.parts[1] || '_' || f.parts[2] AND c.relkind = 'r'
            )
        )
    LOOP
        EXECUTE format('DROP FUNCTION %s', v_old);
    END LOOP;
    PERFORM set_config('citus.enable_ddl_propagation', 'on', true);
END
$$;

COMMENT ON FUNCTION projection.compile_shard(bigint) IS
'On the Citus node that holds a shard: makes the projection functions of it and of the shards beside it, from the same texts as on plain PostgreSQL, and drops those that nothing uses any more. Called by the first event that finds them missing: after a split, a move, a rebalance or an upgrade. Example: SELECT projection.compile_shard(102008).';

REVOKE ALL ON FUNCTION projection.compile_shard(bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.compile_shard(bigint) TO betledger_operator;
