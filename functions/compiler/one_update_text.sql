SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_update_text(
    p_definition text, p_assignments text[], p_key text[], p_deltas jsonb, p_above text, p_shard_id bigint
)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_read projection.projections%ROWTYPE;
    v_columns text[];
    v_holes jsonb;
BEGIN
    SELECT p.* INTO v_read FROM projection.registered_sources() AS s JOIN projection.registered_projections() AS p USING (read_table)
    WHERE s.definition = p_definition;
    v_columns := projection.columns(v_read.read_table);
    v_holes := jsonb_build_object(
        'read_table', projection.local_table(v_read.read_table, p_shard_id),
        'set', projection.joined(p_assignments), 'key', projection.joined(p_key, ' AND'),
        'above', CASE WHEN p_above = '' THEN '' ELSE E'ELSE\n' || projection.indented(p_above, 1) END
    );
    IF v_read.kind = 'slots' THEN
        RETURN projection.filled('one_slot', v_holes || jsonb_build_object(
            'columns', projection.list(v_columns, '*'),
            'values', (
                SELECT projection.joined(array_agg((projection.nothing_said(p_definition) || p_deltas) ->> c.name ORDER BY c.n))
                FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)
            )
        ));
    END IF;
    RETURN projection.filled('one_sum', v_holes || jsonb_build_object(
        'refresh', projection.local_function(v_read.read_table, 'refresh', p_shard_id),
        'tenant_id', p_deltas ->> v_read.key_columns[1], 'key_value', p_deltas ->> v_read.key_columns[2]
    ));
END
$$;

COMMENT ON FUNCTION projection.one_update_text(text, text[], text[], jsonb, text, bigint) IS
'The UPDATE of a row that is nearly always there, and what is done where it is not: a slot gets what has changed, any other '
'row is folded from its sources.';

REVOKE ALL ON FUNCTION projection.one_update_text(text, text[], text[], jsonb, text, bigint) FROM public;
