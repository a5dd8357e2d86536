SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.compile(p_event_table text, p_shard_id bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_function record;
    v_signature regprocedure;
BEGIN
    -- Whoever compiles owns what comes out: of a superuser, it would run with all rights. On Citus, where
    -- ops.distribute() needs one, all of it is there already, and keeps its owner.
    IF current_user <> 'betledger_owner' AND NOT projection.is_distributed(p_event_table) THEN
        RAISE EXCEPTION '% cannot compile %', current_user, p_event_table
            USING ERRCODE = 'insufficient_privilege', HINT = 'SET ROLE betledger_owner first.';
    END IF;
    IF p_shard_id IS NULL THEN
        PERFORM projection.compile_event_types();
        PERFORM projection.compile_feed();
        PERFORM projection.check_definitions(p_event_table);
        IF projection.is_distributed(p_event_table) THEN
            PERFORM projection.compile_version();
        END IF;
    END IF;
    FOR v_function IN SELECT c.* FROM projection.compiled(p_event_table, p_shard_id) AS c LOOP
        EXECUTE format(
            E'CREATE OR REPLACE FUNCTION %s%s\nAS $body$\n%s\n$body$', v_function.name, v_function.head, v_function.body
        );
        v_signature := to_regproc(v_function.name)::oid::regprocedure;
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM public', v_signature);
        IF v_function.rights <> '' THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', v_signature, v_function.rights);
        END IF;
        EXECUTE format(
            'COMMENT ON FUNCTION %s IS %L', v_signature,
            format(
                '%s Compiled by projection.compile() for %s: change its definition instead.',
                v_function.says, v_function.made_for
            )
        );
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.compile(text, bigint) IS
'Makes the trigger functions of an event table, and all that they call, from projection.event_types and the '
'definitions of the read tables; with a shard, on its Citus node, what is made for this shard. Run by `betledger '
'migrate`. Migrations may rely on it. Errors: BL020 what cannot be compiled, 42501 not the owner. Example: SELECT '
'projection.compile(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.compile(text, bigint) FROM public;
