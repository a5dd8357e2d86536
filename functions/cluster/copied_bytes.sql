SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.copied_bytes()
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT sum(n.result::bigint)
        FROM pg_catalog.run_command_on_all_nodes(
            'SELECT coalesce(sum(bytes_processed), 0) FROM pg_stat_progress_copy WHERE datname = current_database()'
        ) AS n
        WHERE n.success
    );
END
$$;

COMMENT ON FUNCTION projection.copied_bytes() IS
'What the copies that are at work on the nodes of a cluster have written so far: how far ops.distribute() is with its '
'table, asked by another session of the same login. Example: SELECT projection.copied_bytes().';

REVOKE ALL ON FUNCTION projection.copied_bytes() FROM public;
