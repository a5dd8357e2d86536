SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.ledger_tables()
RETURNS TABLE (name text, holds_events boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT t.event_table, true FROM projection.event_types AS t
    UNION ALL
    SELECT p.read_table, false FROM projection.projections AS p
    UNION ALL
    SELECT k.name, false
    FROM (VALUES ('public.personal_keys'), ('public.consumers'), ('public.tenants')) AS k (name)
    ORDER BY 2 DESC, 1;
END
$$;

COMMENT ON FUNCTION projection.ledger_tables() IS
'The tables that hold the rows of tenants, with their schema: event tables first, then all others. Example: SELECT * '
'FROM projection.ledger_tables().';

REVOKE ALL ON FUNCTION projection.ledger_tables() FROM public;

GRANT EXECUTE ON FUNCTION projection.ledger_tables() TO betledger_operator;
