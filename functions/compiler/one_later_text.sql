SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_later_text(p_definition text, p_event_type text, p_shard_id bigint)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_later record;
    v_holes jsonb;
    v_statements text;
BEGIN
    SELECT l.* INTO v_later FROM projection.one_later(p_definition, p_event_type, p_shard_id) AS l;
    IF v_later.conditions IS NULL THEN
        RETURN projection.one_of_state_text(p_definition, NULL, NULL, p_shard_id);
    END IF;
    SELECT jsonb_build_object(
        'read_table', projection.local_table(s.read_table, p_shard_id),
        'set', projection.joined(v_later.assignments),
        'key', projection.joined(projection.event_key(p_definition, 't.'), ' AND'),
        'returned', r.holes -> 'returned', 'targets', r.holes -> 'targets',
        'before', projection.list(v_later.columns_before, 't.*'),
        'targets_before', projection.list(v_later.columns_before, 'was.*')
    ) INTO v_holes
    FROM projection.registered_sources() AS s
    CROSS JOIN LATERAL projection.returned_text(s.read_table, v_later.carry) AS r (holes)
    WHERE s.definition = p_definition;
    v_statements := projection.filled('one_later', v_holes || jsonb_build_object('is_later', array_to_string(
        v_later.conditions || CASE
            WHEN v_later.is_status_carried
                THEN format('t.%1$I = was.%1$I', v_later.status_column)
            WHEN v_later.statuses IS NOT NULL
                THEN format('t.%I IN (%s)', v_later.status_column, projection.joined(v_later.statuses))
        END, E'\n    AND '
    )));
    IF v_later.is_status_carried THEN
        v_statements := projection.filled('one_later_by_status', jsonb_build_object(
            'status_column', quote_ident(v_later.status_column), 'statuses', projection.joined(v_later.statuses),
            'later', v_statements
        ));
    ELSIF v_later.columns_before <> '{}' THEN
        -- What was there is carried, too: it has to be read, and locked, before.
        v_statements := projection.filled('one_before', v_holes) || E'\n' || v_statements;
    END IF;
    RETURN projection.one_of_state_text(p_definition, v_statements, v_later.carry, p_shard_id);
END
$$;

COMMENT ON FUNCTION projection.one_later_text(text, text, bigint) IS
'The statements for an event of a type that comes to a known stream: where it is later than all before, the columns '
'that it says, and the difference to the tables above.';

REVOKE ALL ON FUNCTION projection.one_later_text(text, text, bigint) FROM public;
