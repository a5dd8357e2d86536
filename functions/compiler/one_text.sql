SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_text(p_event_table text, p_shard_id bigint DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source record;
    v_blocks text[] := '{}';
    v_branches text;
BEGIN
    FOR v_source IN
        SELECT s.definition, s.read_table, p.kind, p.key_columns
        FROM projection.registered_sources() AS s JOIN projection.registered_projections() AS p USING (read_table)
        WHERE s.source_table = p_event_table ORDER BY p.position
    LOOP
        SELECT string_agg(format(E'WHEN %L THEN\n%s', t.event_type, projection.indented(b.text, 1)), E'\n'
            ORDER BY t.rank, t.event_type)
        INTO v_branches
        FROM projection.registered_types() AS t
        CROSS JOIN LATERAL (SELECT CASE
            WHEN NOT t.has_effect THEN 'EXIT projected;'
            WHEN v_source.kind <> 'state' THEN projection.one_sum_text(v_source.definition, t.event_type, p_shard_id)
            WHEN t.rank = 0 THEN projection.one_begin_text(v_source.definition, t.event_type, p_shard_id)
            ELSE projection.one_later_text(v_source.definition, t.event_type, p_shard_id)
        END) AS b (text)
        WHERE t.event_table = p_event_table AND b.text IS NOT NULL;
        v_blocks := v_blocks || projection.filled(
            CASE v_source.kind WHEN 'state' THEN 'one_of_state' ELSE 'one_of_sum' END,
            jsonb_build_object(
                'read_table', projection.local_table(v_source.read_table, p_shard_id),
                'type', v_source.read_table,
                'branches', v_branches,
                'columns', projection.list(projection.columns(v_source.read_table), 't.*'),
                'beginnings', (
                    SELECT projection.joined(array_agg(quote_literal(t.event_type) ORDER BY t.event_type))
                    FROM projection.registered_types() AS t WHERE t.event_table = p_event_table AND t.rank = 0
                ),
                'key', projection.joined(projection.event_key(v_source.definition, 't.'), ' AND'),
                'refresh', projection.local_function(v_source.read_table, 'refresh', p_shard_id),
                'key_value', (projection.event_key(v_source.definition, ''))[2]
            )
        );
    END LOOP;
    RETURN array_to_string(v_blocks, E'\n');
END
$$;

COMMENT ON FUNCTION projection.one_text(text, bigint) IS
'The statements for the one event (e) of a statement: a block for each read table that gathers from the event table, '
'a branch for each type. Example: SELECT projection.one_text(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.one_text(text, bigint) FROM public;
