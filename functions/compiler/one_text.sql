SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_text(p_event_table text, p_event_type text, p_shard_id bigint DEFAULT NULL)
RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT projection.filled('one', jsonb_build_object(
        'guard', projection.guard_text(p_event_table, true, p_shard_id),
        'tenant', projection.tenant_text(p_event_table, p_event_type, p_shard_id),
        'check', projection.usual_check(p_event_table, p_event_type),
        'name', quote_literal(p_event_table),
        'valid', projection.local_function(p_event_table, 'valid', NULL),
        'statements', (
            SELECT coalesce(string_agg(
                CASE
                    WHEN p.kind <> 'state' THEN projection.one_sum_text(s.definition, p_event_type, p_shard_id)
                    WHEN t.rank = 0 THEN projection.one_begin_text(s.definition, p_event_type, p_shard_id)
                    ELSE projection.one_later_text(s.definition, p_event_type, p_shard_id)
                END, E'\n' ORDER BY p.position
            ), '')
            FROM projection.registered_types() AS t
            JOIN projection.registered_sources() AS s ON s.source_table = t.event_table
            JOIN projection.registered_projections() AS p USING (read_table)
            WHERE t.event_table = p_event_table AND t.event_type = p_event_type AND t.has_effect
        )
    ))
$$;

COMMENT ON FUNCTION projection.one_text(text, text, bigint) IS
'The body of projection.on_<event type>(), for the one event (e) of a statement: its check, and a block for each read '
'table that gathers from the event table. Example: '
'SELECT projection.one_text(''public.bet_events'', ''V1_BETS_BET_PLACED'').';

REVOKE ALL ON FUNCTION projection.one_text(text, text, bigint) FROM public;
