SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_begin_text(p_definition text, p_event_type text, p_shard_id bigint)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source projection.sources%ROWTYPE;
    v_carry text;
    v_holes jsonb;
BEGIN
    SELECT s.* INTO v_source FROM projection.registered_sources() AS s WHERE s.definition = p_definition;
    SELECT
        projection.one_carries_text(
            v_source.read_table, v_source.source_table, jsonb_object_agg(r.name, r.carried), NULL, NULL, NULL,
            p_shard_id
        ),
        jsonb_build_object(
            'columns', projection.joined(array_agg(quote_ident(r.name) ORDER BY r.n)),
            'values', projection.joined(array_agg(r.value ORDER BY r.n))
        )
    INTO v_carry, v_holes
    FROM projection.row_after(p_definition, p_event_type, false) AS r;
    RETURN projection.one_of_state_text(p_definition, projection.filled(
        'one_begin', v_holes || projection.returned_text(v_source.read_table, v_carry) || jsonb_build_object(
            'read_table', projection.local_table(v_source.read_table, p_shard_id)
        )
    ), v_carry, p_shard_id);
END
$$;

COMMENT ON FUNCTION projection.one_begin_text(text, text, bigint) IS
'The statements for an event of a type that streams begin with: its row, and what it adds to the tables above. Where '
'the row is there already, it is folded.';

REVOKE ALL ON FUNCTION projection.one_begin_text(text, text, bigint) FROM public;
