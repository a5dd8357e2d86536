SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.compile_shard(p_shard_id bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
BEGIN
    IF to_regproc(projection.local_function('public.bet_events', 'many', p_shard_id)) IS NOT NULL THEN
        RETURN;
    END IF;
    -- Whoever makes functions lets others wait until it commits, and must not itself wait for the rows that they have
    -- locked.
    IF NOT projection.in_own_session(format('SELECT projection.make_shard_functions(%s)', p_shard_id)) THEN
        PERFORM projection.make_shard_functions(p_shard_id);
    END IF;
END
$$;

COMMENT ON FUNCTION projection.compile_shard(bigint) IS
'On the Citus node that holds a shard: sees to it that the projection functions of it and of the shards beside it are '
'there. Called by the first event that finds them missing: after a split, a move, a rebalance or an upgrade. Example: '
'SELECT projection.compile_shard(102008).';

REVOKE ALL ON FUNCTION projection.compile_shard(bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.compile_shard(bigint) TO betledger_operator;
