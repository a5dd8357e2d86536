SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.admit_shard(p_shard oid)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_marker text := 'projection.feed_shard_' || p_shard;
    v_highest bigint;
    v_old regclass;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('betledger feed_era', 0));
    IF to_regclass(v_marker) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM projection.begin_era_here();
    v_highest := projection.highest_feed_position(p_shard::regclass::text) >> 44;
    IF v_highest >= projection.feed_era() THEN
        PERFORM projection.set_era(v_highest + 1);
    END IF;
    -- What is made here belongs to this node alone.
    PERFORM set_config('citus.enable_ddl_propagation', 'off', true);
    EXECUTE format('CREATE VIEW %s AS SELECT', v_marker);
    FOR v_old IN
        SELECT c.oid FROM pg_class AS c
        WHERE c.relnamespace = 'projection'::regnamespace AND c.relname ~ '^feed_shard_[0-9]+$' AND NOT EXISTS (
            SELECT FROM pg_class AS s WHERE s.oid = substring(c.relname FROM '[0-9]+$')::oid
        )
    LOOP
        EXECUTE format('DROP VIEW %s', v_old);
    END LOOP;
    PERFORM set_config('citus.enable_ddl_propagation', 'on', true);
END
$$;

COMMENT ON FUNCTION projection.admit_shard(oid) IS
'On a node of Citus, before the first event that it stores in a shard which was made here, split off or moved here: '
'sees to it that the era of the node is above that of all events of the shard, and marks it by an empty view, '
'projection.feed_shard_<oid>. Called by projection.first_feed_position_of_shard().';

REVOKE ALL ON FUNCTION projection.admit_shard(oid) FROM public;
