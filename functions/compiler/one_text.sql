SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_text(p_event_table text, p_shard_id bigint DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_type record;
    v_statements text;
    v_branches text;
BEGIN
    FOR v_type IN
        SELECT t.* FROM projection.registered_types() AS t
        WHERE t.event_table = p_event_table ORDER BY t.rank, t.event_type
    LOOP
        SELECT string_agg(
            CASE
                WHEN p.kind <> 'state' THEN projection.one_sum_text(s.definition, v_type.event_type, p_shard_id)
                WHEN v_type.rank = 0 THEN projection.one_begin_text(s.definition, v_type.event_type, p_shard_id)
                ELSE projection.one_later_text(s.definition, v_type.event_type, p_shard_id)
            END, E'\n' ORDER BY p.position
        ) INTO v_statements
        FROM projection.registered_sources() AS s JOIN projection.registered_projections() AS p USING (read_table)
        WHERE s.source_table = p_event_table AND v_type.has_effect;
        v_branches := concat(v_branches || E'\nELS', format(
            E'IF e.event_type = %L THEN\n%s', v_type.event_type, projection.indented(concat_ws(
                E'\n',
                projection.checked_text(p_event_table, v_type.event_type),
                nullif(v_statements, '')
            ), 1)
        ));
    END LOOP;
    RETURN projection.filled('one_event', jsonb_build_object(
        'branches', v_branches, 'name', quote_literal(p_event_table),
        'valid', projection.local_function(p_event_table, 'valid', NULL)
    ));
END
$$;

COMMENT ON FUNCTION projection.one_text(text, bigint) IS
'The statements for the one event (e) of a statement: a branch for each type, with its check and a block for each read '
'table that gathers from the event table. Example: SELECT projection.one_text(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.one_text(text, bigint) FROM public;
