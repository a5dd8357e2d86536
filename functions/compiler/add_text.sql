SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.add_text(p_read_table text, p_shard_id bigint DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_read projection.projections%ROWTYPE;
    v_columns text[] := projection.columns(p_read_table);
    v_bounds text[];
    v_sums text[];
BEGIN
    SELECT p.* INTO v_read FROM projection.registered_projections() AS p WHERE p.read_table = p_read_table;
    v_bounds := v_read.lowest_columns || v_read.highest_columns;
    v_sums := ARRAY(SELECT c FROM unnest(v_columns) AS c WHERE c <> ALL (v_read.key_columns || v_bounds));
    RETURN projection.filled('add', jsonb_build_object(
        'type', p_read_table, 'read_table', projection.local_table(p_read_table, p_shard_id),
        'columns', projection.list(v_columns, '*'), 'change_columns', projection.list(v_columns, 'c.*'),
        'keys', projection.list(v_read.key_columns, '*'), 'said_keys', projection.list(v_read.key_columns, 's.*'),
        'change_keys', projection.list(v_read.key_columns, 'c.*'), 'key', quote_ident(v_read.key_columns[2]),
        'changed', 'changed AS t' || (
            SELECT CASE WHEN bool_or(strpos(r.result, '- c.') > 0)
                THEN ' JOIN change AS c ON ' || projection.list(v_read.key_columns, 't.* = c.*', ' AND') ELSE '' END
            FROM projection.add_results(p_read_table) AS r
        ),
        'gathered', projection.joined(ARRAY(
            SELECT CASE
                WHEN c = ANY (v_read.key_columns) THEN 's.' || quote_ident(c)
                WHEN c = ANY (v_bounds) THEN replace(
                    CASE WHEN c = ANY (v_read.lowest_columns)
                        THEN E'coalesce(\n    min(s.*) FILTER (WHERE s.sign = 1), min(s.*)\n) AS *'
                        ELSE E'coalesce(\n    max(s.*) FILTER (WHERE s.sign = 1), max(s.*)\n) AS *' END,
                    '*', quote_ident(c)
                )
                WHEN projection.is_trimmed(p_read_table, c) THEN format('trim_scale(sum(s.sign * s.%1$I)) AS %1$I', c)
                ELSE format('sum(s.sign * s.%1$I) AS %1$I', c)
            END
            FROM unnest(v_columns) WITH ORDINALITY AS x (c, n) ORDER BY n
        ) || CASE v_read.kind WHEN 'sum' THEN ARRAY[projection.joined(ARRAY['sum(s.sign) < 0'] || ARRAY(
            SELECT format(
                E'%1$s(s.%2$I) FILTER (WHERE s.sign = -1)\n        %3$s %1$s(s.%2$I) FILTER (WHERE s.sign = 1)',
                CASE WHEN c = ANY (v_read.lowest_columns) THEN 'min' ELSE 'max' END, c,
                CASE WHEN c = ANY (v_read.lowest_columns) THEN '<' ELSE '>' END
            ) FROM unnest(v_bounds) AS c
        ), ' OR') || ' AS is_stale'] END),
        'differs', projection.joined(ARRAY['sum(s.sign) <> 0'] || ARRAY(
            SELECT format('sum(s.sign * s.%I) <> 0', c) FROM unnest(v_sums) AS c
            UNION ALL
            SELECT format(
                E'%1$s(s.%2$I) FILTER (WHERE s.sign = 1)\n'
                    '        IS DISTINCT FROM %1$s(s.%2$I) FILTER (WHERE s.sign = -1)',
                CASE WHEN c = ANY (v_read.lowest_columns) THEN 'min' ELSE 'max' END, c
            ) FROM unnest(v_bounds) AS c
        ), ' OR'),
        'set', projection.joined(ARRAY(
            SELECT projection.added(p_read_table, c, 'excluded.' || quote_ident(c))
            FROM unnest(v_columns) WITH ORDINALITY AS x (c, n) WHERE c <> ALL (v_read.key_columns) ORDER BY n
        )),
        'variables', (
            SELECT string_agg(r.target || ' ' || r.type || ';', E'\n')
            FROM projection.add_results(p_read_table) AS r
        ),
        'targets', (SELECT projection.joined(array_agg(r.target)) FROM projection.add_results(p_read_table) AS r),
        'results', (SELECT string_agg(r.result, E',\n    ') FROM projection.add_results(p_read_table) AS r),
        'carry', projection.carry_text(p_read_table, p_shard_id),
        'refold', CASE v_read.kind WHEN 'slots' THEN '' ELSE projection.filled('refold', jsonb_build_object(
            'refresh', projection.local_function(p_read_table, 'refresh', p_shard_id)
        )) END
    ));
END
$$;

COMMENT ON FUNCTION projection.add_text(text, bigint) IS
'The body of projection.<read table>_add(): adds to a read table that adds up what rows of a source say, less what '
'they said. With a shard, of its function there. Example: SELECT projection.add_text(''public.user_activity_view'').';

REVOKE ALL ON FUNCTION projection.add_text(text, bigint) FROM public;
