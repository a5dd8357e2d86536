SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.registered_sources()
RETURNS TABLE (definition text, source_table text, read_table text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL names a table of ours.
-- @plpgsql_check_options: security_warnings = false
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT t.definition, t.source_table, t.read_table'
        || ' FROM %s AS t', projection.local_copy('projection.sources')
    );
END
$$;

COMMENT ON FUNCTION projection.registered_sources() IS
'The registered definitions, as projection.sources has them. Example: SELECT * FROM projection.registered_sources().';

REVOKE ALL ON FUNCTION projection.registered_sources() FROM public;

GRANT EXECUTE ON FUNCTION projection.registered_sources() TO betledger_operator;
