SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_begin_text(p_definition text, p_event_type text, p_shard_id bigint)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source projection.sources%ROWTYPE;
    v_columns text[];
    v_new jsonb;
BEGIN
    SELECT s.* INTO v_source FROM projection.registered_sources() AS s WHERE s.definition = p_definition;
    v_columns := projection.columns(v_source.read_table);
    v_new := projection.row_after(p_definition, p_event_type, false);
    RETURN projection.assignments_text(p_definition, p_event_type, ARRAY(
        SELECT n.key FROM jsonb_each_text(v_new) AS n WHERE starts_with(n.value, 'said.')
    )) || projection.filled(
        'one_begin', jsonb_build_object(
            'read_table', projection.local_table(v_source.read_table, p_shard_id),
            'columns', projection.list(v_columns, '*'),
            'values', (
                SELECT projection.joined(array_agg(v_new ->> c.name ORDER BY c.n))
                FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)
            ),
            'carry', projection.one_carries_text(
                v_source.read_table, v_source.source_table, v_new, NULL, NULL, NULL, p_shard_id
            )
        )
    );
END
$$;

COMMENT ON FUNCTION projection.one_begin_text(text, text, bigint) IS
'The statements for an event of a type that streams begin with: its row, and what it adds to the tables above; '
'nothing of it where the row is there already.';

REVOKE ALL ON FUNCTION projection.one_begin_text(text, text, bigint) FROM public;
