SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.admit_shard_here(p_shard oid)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_marker text := 'projection.feed_shard_' || p_shard;
    v_highest bigint;
    v_old regclass;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'feed_position'
        WHERE c.oid = p_shard AND c.relkind = 'r' AND c.relowner = 'betledger_owner'::regrole
    ) THEN
        -- Whoever calls may name anything, and what others have made is not to be read with the rights of the owner.
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('betledger feed_era', 0));
    IF to_regclass(v_marker) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM projection.begin_era_here();
    v_highest := projection.highest_feed_position(p_shard::regclass::text) >> 44;
    IF v_highest >= projection.feed_era() THEN
        PERFORM projection.set_era(v_highest + 1);
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_dist_placement AS p
        JOIN pg_catalog.pg_dist_local_group AS l ON l.groupid = p.groupid
        WHERE p.shardid = substring(p_shard::regclass::text FROM '_([0-9]+)$')::bigint
    ) THEN
        -- It is still on its way.
        RETURN;
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

COMMENT ON FUNCTION projection.admit_shard_here(oid) IS
'What projection.admit_shard() does, in whatever session: sees to it that the era of the node is above that of all '
'events of the shard, and marks the shard by an empty view, projection.feed_shard_<oid>. Nothing if that is there, or '
'for what is no shard of events.';

REVOKE ALL ON FUNCTION projection.admit_shard_here(oid) FROM public;
