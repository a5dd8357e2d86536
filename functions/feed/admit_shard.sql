SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.admit_shard(p_shard oid)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
BEGIN
    IF NOT projection.in_own_session(format('SELECT projection.admit_shard_here(%s)', p_shard)) THEN
        PERFORM projection.admit_shard_here(p_shard);
    END IF;
END
$$;

COMMENT ON FUNCTION projection.admit_shard(oid) IS
'On a node of Citus: admits a shard that was made here, split off or moved here to the feed of the node, before the '
'first event that the node stores in it. Example: SELECT '
'projection.admit_shard(''public.bet_events_102008''::regclass).';

REVOKE ALL ON FUNCTION projection.admit_shard(oid) FROM public;

GRANT EXECUTE ON FUNCTION projection.admit_shard(oid)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
