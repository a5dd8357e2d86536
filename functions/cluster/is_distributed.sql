SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.is_distributed(p_table text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_answer boolean := false;
BEGIN
    -- Dynamic: where Citus is not installed there is no such table.
    IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
        EXECUTE 'SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_partition AS d '
            'WHERE d.logicalrelid = $1::regclass AND d.partmethod = ''h'')'
        INTO v_answer USING p_table;
    END IF;
    RETURN v_answer;
END
$$;

COMMENT ON FUNCTION projection.is_distributed(text) IS
'Whether Citus spreads a table over shards; false on plain PostgreSQL. Example: SELECT '
'projection.is_distributed(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.is_distributed(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.is_distributed(text)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
