SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_update_text(
    p_definition text, p_assignments text[], p_key text[], p_deltas jsonb, p_plus jsonb, p_above text,
    p_condition text, p_shard_id bigint
)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_read projection.projections%ROWTYPE;
    v_missing text;
BEGIN
    SELECT p.* INTO v_read
    FROM projection.registered_sources() AS s JOIN projection.registered_projections() AS p USING (read_table)
    WHERE s.definition = p_definition;
    IF v_read.kind = 'slots' OR p_plus IS NOT NULL THEN
        v_missing := projection.one_add_text(
            v_read.read_table,
            projection.nothing_said(p_definition) || CASE v_read.kind WHEN 'slots' THEN p_deltas ELSE p_plus END,
            NULL, p_shard_id
        );
    ELSE
        v_missing := projection.filled('one_refold', jsonb_build_object(
            'refresh', projection.local_function(v_read.read_table, 'refresh', p_shard_id),
            'tenant_id', p_deltas ->> v_read.key_columns[1], 'key_value', p_deltas ->> v_read.key_columns[2]
        ));
    END IF;
    RETURN projection.filled('one_update', jsonb_build_object(
        'read_table', projection.local_table(v_read.read_table, p_shard_id),
        'set', projection.joined(p_assignments), 'key', projection.joined(p_key, ' AND'),
        'not_found', concat_ws(' AND ', 'NOT FOUND', p_condition),
        'missing', v_missing,
        'else_above', CASE WHEN p_above = '' THEN '' ELSE E'ELSE\n' || projection.indented(p_above, 1) END
    ));
END
$$;

COMMENT ON FUNCTION projection.one_update_text(text, text[], text[], jsonb, jsonb, text, text, bigint) IS
'The UPDATE of a row that is nearly always there, and what is done where it is not: a slot, and a row of which this is '
'the first, is made by the add function, which carries it on as well; any other is folded from its sources. A '
'condition says when there is none.';

REVOKE ALL ON FUNCTION projection.one_update_text(text, text[], text[], jsonb, jsonb, text, text, bigint) FROM public;
