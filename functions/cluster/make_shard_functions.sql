SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.make_shard_functions(p_shard_id bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_made text;
    v_old regprocedure;
BEGIN
    v_made := projection.local_function('public.bet_events', 'many', p_shard_id);
    -- One maker for a shard and those beside it. Not one a node: a statement on several shards has a session for each,
    -- and ends when all are done.
    PERFORM pg_advisory_xact_lock(hashtextextended(v_made, 0));
    IF to_regproc(v_made) IS NOT NULL THEN
        RETURN;
    END IF;
    -- What is made here belongs to this node alone.
    PERFORM set_config('citus.enable_ddl_propagation', 'off', true);
    PERFORM projection.compile(t.event_table, p_shard_id)
    FROM (SELECT DISTINCT e.event_table FROM projection.registered_types() AS e) AS t;
    -- Those of the version before.
    FOR v_old IN
        SELECT p.oid
        FROM (
            SELECT DISTINCT e.event_table AS name FROM projection.registered_types() AS e
            UNION ALL SELECT r.read_table FROM projection.registered_projections() AS r
        ) AS t
        JOIN pg_proc AS p
            ON p.proname ~ (substring(projection.local_table(t.name, p_shard_id) FROM '_[0-9]+$') || '_[0-9a-f]{8}$')
        WHERE p.pronamespace = 'projection'::regnamespace AND p.proname NOT LIKE '%\_' || projection.compiled_version()
    LOOP
        EXECUTE format('DROP FUNCTION %s', v_old);
    END LOOP;
    PERFORM set_config('citus.enable_ddl_propagation', 'on', true);
END
$$;

COMMENT ON FUNCTION projection.make_shard_functions(bigint) IS
'On the Citus node that holds a shard: makes the projection functions of it and of the shards beside it, from the '
'same texts as on plain PostgreSQL, and drops those of an older version. Called by projection.compile_shard().';

REVOKE ALL ON FUNCTION projection.make_shard_functions(bigint) FROM public;
