SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_update_text(
    p_definition text, p_assignments text[], p_key text[], p_deltas jsonb, p_plus jsonb, p_above text, p_above_new text,
    p_condition text, p_shard_id bigint
)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_read projection.projections%ROWTYPE;
    v_columns text[];
    v_row jsonb;
    v_else_above text := CASE WHEN p_above = '' THEN '' ELSE E'ELSE\n' || projection.indented(p_above, 1) END;
BEGIN
    SELECT p.* INTO v_read
    FROM projection.registered_sources() AS s JOIN projection.registered_projections() AS p USING (read_table)
    WHERE s.definition = p_definition;
    v_columns := projection.columns(v_read.read_table);
    v_row := projection.nothing_said(p_definition)
        || CASE v_read.kind WHEN 'slots' THEN p_deltas ELSE coalesce(p_plus, '{}') END;
    RETURN projection.filled(
        CASE WHEN v_read.kind = 'slots' THEN 'one_slot' WHEN p_plus IS NULL THEN 'one_known_sum' ELSE 'one_sum' END,
        jsonb_build_object(
            'read_table', projection.local_table(v_read.read_table, p_shard_id),
            'set', projection.joined(p_assignments), 'key', projection.joined(p_key, ' AND'),
            'columns', projection.list(v_columns, '*'),
            'values', (
                SELECT projection.joined(array_agg(
                    CASE WHEN projection.is_trimmed(v_read.read_table, c.name)
                        AND v_row ->> c.name NOT IN ('0', '''0''::numeric')
                        THEN format('trim_scale(%s)', v_row ->> c.name) ELSE v_row ->> c.name END ORDER BY c.n
                ))
                FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)
            ),
            'refresh', projection.local_function(v_read.read_table, 'refresh', p_shard_id),
            'not_found', concat_ws(' AND ', 'NOT FOUND', p_condition),
            'tenant_id', p_deltas ->> v_read.key_columns[1], 'key_value', p_deltas ->> v_read.key_columns[2],
            'above', v_else_above,
            -- What is done whether the row is new or not, need not be asked.
            'above_all', CASE WHEN p_above = p_above_new THEN p_above ELSE '' END,
            'above_known', CASE WHEN p_above = p_above_new THEN '' ELSE v_else_above END,
            'above_new', CASE WHEN p_above = p_above_new THEN '' ELSE projection.filled(
                'one_above_new', jsonb_build_object(
                    'above_new', coalesce(nullif(p_above_new, ''), 'NULL;'), 'else_above', v_else_above
                )
            ) END
        )
    );
END
$$;

COMMENT ON FUNCTION projection.one_update_text(text, text[], text[], jsonb, jsonb, text, text, text, bigint) IS
'The UPDATE of a row that is nearly always there, and what is done where it is not: a slot gets what has changed, a '
'row of which this is the first is made, any other is folded from its sources. A condition says when there is none.';

REVOKE ALL ON FUNCTION projection.one_update_text(text, text[], text[], jsonb, jsonb, text, text, text, bigint)
FROM public;
