SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.shard_trigger_body(p_event_table text, p_suffix text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format(
        $text$
DECLARE
    v_shard_id bigint := substring(TG_TABLE_NAME FROM '_([0-9]+)$');
    v_function text;
    v_events %1$s[];
BEGIN
    v_function := format('%%s_%%s_%%s', %2$L, v_shard_id, projection.compiled_version());
    -- A shard that was split off or moved here, or a new version.
    IF to_regproc('projection.' || v_function) IS NULL THEN
        PERFORM projection.compile_shard(v_shard_id);
    END IF;
    SELECT array_agg(ROW(%3$s)::%1$s) INTO v_events FROM (SELECT n.* FROM new_events AS n LIMIT 10001) AS e;
    IF cardinality(v_events) <= 10000 THEN
        EXECUTE format('SELECT projection.%%I($1)', v_function) USING v_events;
        RETURN NULL;
    END IF;
    -- In parts: an array cannot grow without end. Sorted, so that two loads lock in one order.
    FOR v_events IN
        SELECT array_agg(ROW(%3$s)::%1$s)
        FROM (SELECT n.*, (row_number() OVER (ORDER BY n.tenant_id, n.aggregate_id) - 1) / 10000 AS part FROM new_events AS n) AS e
        GROUP BY e.part ORDER BY e.part
    LOOP
        EXECUTE format('SELECT projection.%%I($1)', v_function) USING v_events;
    END LOOP;
    RETURN NULL;
END
        $text$,
        p_event_table, split_part(p_event_table, '.', 2) || p_suffix, projection.columns(p_event_table, 'e.%1$I')
    )
$$;

COMMENT ON FUNCTION projection.shard_trigger_body(text, text) IS
'The body of a trigger function of an event table that Citus distributes: it hands the new rows of a shard to the function that is compiled for this shard. A statement cannot read the rows of a trigger and a distributed table at once.';

REVOKE ALL ON FUNCTION projection.shard_trigger_body(text, text) FROM public;
