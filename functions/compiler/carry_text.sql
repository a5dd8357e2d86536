SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.carry_text(p_source_table text, p_shard_id bigint)
RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(string_agg(projection.filled('carry', jsonb_build_object(
        'add', projection.local_function(s.read_table, 'add', p_shard_id),
        'definition', s.definition,
        'row', projection.row_of(s.read_table, projection.nothing_said(s.definition) || (
            SELECT jsonb_object_agg(c, 'c.' || quote_ident(c)) FROM unnest(projection.said_columns(s.definition)) AS c
        ))
    )), E'\n' ORDER BY p.position, s.definition), '')
    FROM projection.registered_sources() AS s JOIN projection.registered_projections() AS p USING (read_table)
    WHERE s.source_table = p_source_table
$$;

COMMENT ON FUNCTION projection.carry_text(text, bigint) IS
'The statements that carry changed rows of a read table (v_before, v_after) on to those above it.';

REVOKE ALL ON FUNCTION projection.carry_text(text, bigint) FROM public;
