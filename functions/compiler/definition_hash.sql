SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.definition_hash(p_read_table text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT md5(concat_ws(
        E'\n', p.kind, p.key_columns, p.latest, p.lowest_columns, p.highest_columns, projection.columns(p_read_table),
        (
            SELECT string_agg(
                concat_ws(' ', s.definition, s.source_table, coalesce(pg_get_function_sqlbody(f.oid), f.prosrc)), E'\n'
                ORDER BY s.definition
            )
            FROM projection.registered_sources() AS s JOIN pg_proc AS f ON f.oid = s.definition::regproc
            WHERE s.read_table = p_read_table
        ),
        (
            SELECT string_agg(
                concat_ws(' ', t.event_type, t.kind, t.status, t.rank, t.has_effect), E'\n' ORDER BY t.event_type
            )
            FROM projection.registered_types() AS t
            JOIN projection.registered_sources() AS s ON s.source_table = t.event_table
            WHERE s.read_table = p_read_table
        )
    ))
    FROM projection.registered_projections() AS p WHERE p.read_table = p_read_table
$$;

COMMENT ON FUNCTION projection.definition_hash(text) IS
'Changes whenever it is defined otherwise what the rows of a read table are. projection.projections.folded_by holds '
'the one that they were folded by. Example: SELECT projection.definition_hash(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.definition_hash(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.definition_hash(text) TO betledger_operator;
