SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.many_text(p_event_table text, p_events text, p_shard_id bigint DEFAULT NULL)
RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(projection.filled(
        CASE p.kind WHEN 'state' THEN 'many_of_state' ELSE 'many_of_sum' END,
        jsonb_build_object(
            'type', p.read_table,
            'fold', projection.fold_text(p.read_table, NULL, p_shard_id, p_event_table, p_events),
            'key', quote_ident(p.key_columns[2]),
            'keys', projection.list(array_remove(p.key_columns, 'slot'), 'f.*'),
            'row', projection.row_of(
                p.read_table,
                CASE p.kind WHEN 'slots' THEN jsonb_build_object('slot', projection.slot_text(s.definition))
                    ELSE '{}' END,
                'f'
            ),
            'refresh', projection.local_function(p.read_table, 'refresh', p_shard_id),
            'add', projection.local_function(p.read_table, 'add', p_shard_id)
        )
    ), E'\n' ORDER BY p.position)
    FROM projection.registered_sources() AS s JOIN projection.registered_projections() AS p USING (read_table)
    WHERE s.source_table = p_event_table
$$;

COMMENT ON FUNCTION projection.many_text(text, text, bigint) IS
'The statements that bring the events of a statement, which are there under a name, to the read tables: in parts, in '
'the order of their keys, so that two statements lock in one order.';

REVOKE ALL ON FUNCTION projection.many_text(text, text, bigint) FROM public;
