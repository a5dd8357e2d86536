SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.writing_transactions()
RETURNS TABLE (who text, since timestamptz)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('pid %s of %s in database %s', a.pid, a.usename, a.datname), a.xact_start
    FROM pg_stat_activity AS a WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_backend_pid()
    UNION ALL
    SELECT format('prepared transaction %s of %s in database %s', x.gid, x.owner, x.database), x.prepared
    FROM pg_prepared_xacts AS x
$$;

COMMENT ON FUNCTION projection.writing_transactions() IS
'The transactions of this server that have written and have not ended, and since when each is open: no feed shows what '
'was stored after the first of them. Null may be: since. Example: SELECT * FROM projection.writing_transactions().';

REVOKE ALL ON FUNCTION projection.writing_transactions() FROM public;

GRANT EXECUTE ON FUNCTION projection.writing_transactions() TO betledger_operator;
