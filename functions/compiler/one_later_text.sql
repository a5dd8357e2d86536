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
    v_status text;
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
    IF v_later.columns_before <> '{}' THEN
        -- What was there is carried, too: it has to be read, and locked, before.
        v_statements := projection.filled('one_before', v_holes) || E'\n'
            || projection.filled('one_later', v_holes || jsonb_build_object('is_later', array_to_string(
                v_later.conditions || CASE WHEN v_later.statuses IS NOT NULL THEN format(
                    't.%I IN (%s)', v_later.status_column, projection.joined(v_later.statuses)
                ) END, E'\n    AND '
            )));
    ELSE
        FOREACH v_status IN ARRAY coalesce(v_later.statuses, '{NULL}') LOOP
            v_statements := concat_ws(E'\n', v_statements, format(
                CASE WHEN v_statements IS NULL THEN '%s' ELSE E'IF NOT FOUND THEN\n%s\nEND IF;' END,
                projection.indented(projection.filled('one_later', v_holes || jsonb_build_object(
                    'is_later', array_to_string(
                        v_later.conditions || CASE WHEN v_status IS NOT NULL THEN format(
                            't.%I = %s', v_later.status_column, v_status
                        ) END, E'\n    AND '
                    )
                ) || CASE WHEN v_later.is_status_carried THEN jsonb_build_object(
                    'returned', concat_ws(', ', v_holes ->> 'returned', v_status),
                    'targets', concat_ws(', ', v_holes ->> 'targets', format('was.%I', v_later.status_column))
                ) ELSE '{}' END), CASE WHEN v_statements IS NULL THEN 0 ELSE 1 END)
            ));
        END LOOP;
    END IF;
    RETURN projection.one_of_state_text(p_definition, v_statements, v_later.carry, p_shard_id);
END
$$;

COMMENT ON FUNCTION projection.one_later_text(text, text, bigint) IS
'The statements for an event of a type that comes to a known stream: where it is later than all before, the columns '
'that it says, and the difference to the tables above.';

REVOKE ALL ON FUNCTION projection.one_later_text(text, text, bigint) FROM public;
