SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.registered_projections()
RETURNS TABLE (
    read_table text, kind text, key_columns text[], "position" integer, latest jsonb, lowest_columns text[],
    highest_columns text[], slots integer, folded_by text
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL names a table of ours.
-- @plpgsql_check_options: security_warnings = false
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT t.read_table, t.kind, t.key_columns, t.position, t.latest, t.lowest_columns, '
            || ' t.highest_columns, t.slots, t.folded_by'
        || ' FROM %s AS t', projection.local_copy('projection.projections')
    );
END
$$;

COMMENT ON FUNCTION projection.registered_projections() IS
'The registered read tables, as projection.projections has them. Example: SELECT * FROM '
'projection.registered_projections().';

REVOKE ALL ON FUNCTION projection.registered_projections() FROM public;

GRANT EXECUTE ON FUNCTION projection.registered_projections() TO betledger_operator;
