SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.in_own_session(p_command text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_done boolean;
BEGIN
    SELECT r.success INTO v_done
    FROM pg_catalog.pg_dist_local_group AS l
    JOIN pg_catalog.pg_dist_node AS n ON n.groupid = l.groupid AND n.noderole = 'primary'
    CROSS JOIN LATERAL pg_catalog.master_run_on_worker(
        ARRAY[n.nodename], ARRAY[n.nodeport], ARRAY[p_command], false
    ) AS r;
    RETURN coalesce(v_done, false);
END
$$;

COMMENT ON FUNCTION projection.in_own_session(text) IS
'On a node of Citus: runs a command here, in a session of its own that commits at once, so that nobody waits for the '
'transaction that needs it. False where it failed, as with a shard of this very transaction, which no other session '
'sees. Example: SELECT projection.in_own_session(''SELECT 1'').';

REVOKE ALL ON FUNCTION projection.in_own_session(text) FROM public;
