SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.read_tables_of(p_source_table text)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        WITH RECURSIVE reached AS (
            SELECT s.read_table FROM projection.registered_sources() AS s WHERE s.source_table = p_source_table
            UNION
            SELECT s.read_table FROM reached AS r
            JOIN projection.registered_sources() AS s ON s.source_table = r.read_table
        )
        SELECT coalesce(array_agg(r.read_table), '{}') FROM reached AS r
    );
END
$$;

COMMENT ON FUNCTION projection.read_tables_of(text) IS
'The read tables that follow from a table, at whatever distance. '
'Example: SELECT projection.read_tables_of(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.read_tables_of(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.read_tables_of(text) TO betledger_operator;
