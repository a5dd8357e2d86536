SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.compile_version()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION projection.compiled_version() RETURNS text '
        'LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN %L',
        (
            SELECT left(md5(string_agg(part.text, E'\n' ORDER BY part.text)), 8)
            FROM (
                SELECT s::text FROM projection.registered_sources() AS s
                UNION ALL SELECT concat(
                    p.read_table, p.kind, p.position, p.latest, p.lowest_columns, p.highest_columns, p.slots
                )
                FROM projection.registered_projections() AS p
                UNION ALL SELECT t::text FROM projection.registered_types() AS t
                UNION ALL SELECT projection.variables_text(p.read_table) FROM projection.registered_projections() AS p
                UNION ALL
                SELECT p.prosrc FROM pg_proc AS p
                WHERE p.pronamespace = 'projection'::regnamespace AND p.prorettype <> 'trigger'::regtype
                    AND p.proname !~ '_[0-9a-f]{8}$|^compiled_version$'
            ) AS part (text)
        )
    );
    ALTER FUNCTION projection.compiled_version() OWNER TO betledger_owner;
    COMMENT ON FUNCTION projection.compiled_version() IS
    'Changes whenever a fold, an event type or a generator does: part of the names of the functions that Citus nodes '
    'compile for their shards. Made by projection.compile_version().';
    REVOKE ALL ON FUNCTION projection.compiled_version() FROM public;
    GRANT EXECUTE ON FUNCTION projection.compiled_version() TO betledger_operator;
END
$$;

COMMENT ON FUNCTION projection.compile_version() IS
'Makes projection.compiled_version() from all that projection functions are compiled from. Needed on Citus only.';

REVOKE ALL ON FUNCTION projection.compile_version() FROM public;
