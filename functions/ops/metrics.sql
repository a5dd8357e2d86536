SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.metrics(p_name text DEFAULT NULL)
RETURNS TABLE (name text, kind text, help text, labels jsonb, value double precision)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is that of ops.metric_queries().
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_metric record;
    v_failed text[] := '{}';
BEGIN
    IF p_name NOT IN (SELECT q.name FROM ops.metric_queries() AS q) THEN
        PERFORM projection.refuse_argument('name', p_name, 'Send the name of a metric: see ops.metric_queries().');
    END IF;
    FOR v_metric IN
        SELECT q.* FROM ops.metric_queries() AS q
        WHERE (p_name IS NULL OR q.name = p_name)
            AND (NOT q.on_citus OR to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL)
    LOOP
        BEGIN
            RETURN QUERY EXECUTE format(
                'SELECT %L::text, %L::text, %L::text, jsonb_object($1, f.labels), f.value::float8'
                ' FROM (%s) AS f (labels, value)', v_metric.name, v_metric.kind, v_metric.help, v_metric.finds
            ) USING v_metric.labels;
        EXCEPTION WHEN OTHERS THEN
            v_failed := v_failed || v_metric.name;
        END;
    END LOOP;
    -- What could not be measured is not nothing.
    RETURN QUERY
    SELECT 'betledger_metric_failed', 'gauge', '1 for each metric that could not be measured.',
        jsonb_build_object('metric', f), 1::float8
    FROM unnest(v_failed) AS f;
END
$$;

COMMENT ON FUNCTION ops.metrics(text) IS
'What a monitoring system asks for, every 15 seconds if it likes: a row for each value, with the name of its metric '
'(one of ops.metric_queries(), or all), gauge or counter, what it means, and its labels. Bytes and seconds are the '
'units. betledger_metric_failed names what could not be measured. Error: BL001 unknown metric. Example: SELECT name, '
'labels, value FROM ops.metrics().';

REVOKE ALL ON FUNCTION ops.metrics(text) FROM public;

GRANT EXECUTE ON FUNCTION ops.metrics(text) TO betledger_operator;
