SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.registered_types()
RETURNS TABLE (
    event_table text, event_type text, kind text, status text, rank integer, required_fields jsonb,
    optional_fields jsonb, has_effect boolean
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL names a table of ours.
-- @plpgsql_check_options: security_warnings = false
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT t.event_table, t.event_type, t.kind, t.status, t.rank, t.required_fields, '
            || ' t.optional_fields, t.has_effect'
        || ' FROM %s AS t', projection.local_copy('projection.event_types')
    );
END
$$;

COMMENT ON FUNCTION projection.registered_types() IS
'The registered event types, as projection.event_types has them. Example: SELECT * FROM projection.registered_types().';

REVOKE ALL ON FUNCTION projection.registered_types() FROM public;

GRANT EXECUTE ON FUNCTION projection.registered_types() TO betledger_operator;
