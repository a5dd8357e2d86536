SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_later_text(p_definition text, p_event_type text, p_shard_id bigint)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source projection.sources%ROWTYPE;
    v_time_column text := projection.time_column(p_definition);
    v_later text;
    v_was jsonb;
    v_new jsonb;
    v_guards text[];
    v_above record;
BEGIN
    IF v_time_column IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT s.* INTO v_source FROM projection.sources AS s WHERE s.definition = p_definition;
    v_new := projection.row_after(p_definition, p_event_type, true);
    SELECT jsonb_object_agg(n.key, CASE WHEN n.key = ANY (p.key_columns) THEN n.value ELSE 'was.' || quote_ident(n.key) END) INTO v_was
    FROM jsonb_each_text(v_new) AS n, projection.projections AS p WHERE p.read_table = v_source.read_table;
    v_later := format('%s > was.%I', v_new ->> v_time_column, v_time_column);
    v_guards := ARRAY[concat_ws(' OR ', v_later, projection.one_tie_text(p_definition, p_event_type, v_new ->> v_time_column))];
    IF cardinality(v_guards) = 1 AND strpos(v_guards[1], ' OR ') > 0 THEN
        v_guards := ARRAY['(' || v_guards[1] || ')'];
    END IF;
    -- What the general way has to do: the row counts to another one above, or a bound may be taken back.
    FOR v_above IN
        SELECT c.same_row, c.guards FROM projection.sources AS s
        CROSS JOIN LATERAL projection.one_change(s.definition, v_source.source_table, v_new, v_was) AS c
        WHERE s.source_table = v_source.read_table
    LOOP
        IF NOT v_above.same_row THEN
            RETURN NULL;
        END IF;
        v_guards := v_guards || ARRAY(
            SELECT g FROM unnest(v_above.guards) AS g
            WHERE g <> format('%s >= was.%I', v_new ->> v_time_column, v_time_column) AND g <> ALL (v_guards)
        );
    END LOOP;
    RETURN projection.assignments_text(p_definition, p_event_type, ARRAY(
        SELECT n.key FROM jsonb_each_text(v_new) AS n WHERE n.value <> v_was ->> n.key
    )) || projection.filled('one_later', jsonb_build_object(
        'read_table', projection.local_table(v_source.read_table, p_shard_id),
        'is_later', projection.joined(v_guards, ' AND'),
        'set', (
            SELECT projection.joined(array_agg(format('%I = %s', c.name, v_new ->> c.name) ORDER BY c.n))
            FROM unnest(projection.columns(v_source.read_table)) WITH ORDINALITY AS c (name, n)
            WHERE v_new ->> c.name <> v_was ->> c.name
        ),
        'key', projection.joined(projection.event_key(p_definition, 't.'), ' AND'),
        'carry', projection.one_carries_text(
            v_source.read_table, v_source.source_table, v_new, v_was, p_shard_id
        )
    ));
END
$$;

COMMENT ON FUNCTION projection.one_later_text(text, text, bigint) IS
'The statements for an event of a type that comes to a known stream: where it is later than all before, the columns that it '
'says, and the difference to the tables above. Null where such an event has to take the general way.';

REVOKE ALL ON FUNCTION projection.one_later_text(text, text, bigint) FROM public;
