SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.inserted_text(p_event_table text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_is_distributed boolean := projection.is_distributed(p_event_table);
    v_holes jsonb := jsonb_build_object(
        'event_table', p_event_table, 'name', quote_literal(p_event_table),
        'valid', projection.local_function(p_event_table, 'valid', NULL)
    );
BEGIN
    v_holes := v_holes || jsonb_build_object('usual', projection.filled('usual_event', v_holes), 'types', (
        SELECT string_agg(
            format(
                -- An assignment, since an expression is evaluated without a query.
                CASE WHEN v_is_distributed THEN E'WHEN %L THEN\n    v_function := %3$L;'
                    ELSE E'WHEN %L THEN\n    v_is_one := %s(e);' END,
                t.event_type, f.name, split_part(f.name, '.', 2)
            ), E'\n' ORDER BY t.rank, t.event_type
        )
        FROM projection.registered_types() AS t
        CROSS JOIN LATERAL projection.type_function(t.event_table, t.event_type, NULL) AS f (name)
        WHERE t.event_table = p_event_table
    ));
    IF v_is_distributed THEN
        RETURN projection.filled('inserted_on_shard', v_holes || jsonb_build_object(
            'row', projection.row_of(p_event_table, '{}', 'n'),
            'many', quote_literal(split_part(p_event_table, '.', 2) || '_many')
        ));
    END IF;
    RETURN projection.filled('inserted', v_holes || jsonb_build_object(
        'tenants', projection.tenant_text(p_event_table, NULL, NULL),
        'many', projection.many_text(p_event_table, 'new_events')
    ));
END
$$;

COMMENT ON FUNCTION projection.inserted_text(text) IS
'The body of the trigger function projection.<event table>_inserted(): checks what was inserted, and brings it to '
'the read tables: one event by the function of its type, many by themselves. On Citus it calls functions that are '
'compiled for its shard. Example: SELECT projection.inserted_text(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.inserted_text(text) FROM public;
