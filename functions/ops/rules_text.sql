SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.rules_text(p_table text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_text text;
BEGIN
    SELECT
        format(E'SELECT projection.define(\n    %L,\n    %L,\n    ', p.read_table, '{' || d.definitions || '}')
        || array_to_string(ARRAY[
            format('p_position => %s', p.position),
            CASE WHEN p.latest <> '[]' THEN format(E'p_latest => %L', E'[\n' || l.lines || E'\n    ]') END,
            CASE WHEN p.lowest_columns <> '{}' THEN format('p_lowest => %L', p.lowest_columns) END,
            CASE WHEN p.highest_columns <> '{}' THEN format('p_highest => %L', p.highest_columns) END,
            CASE WHEN p.slots > 1 THEN format('p_slots => %s', p.slots) END
        ], E',\n    ') || E'\n);' INTO v_text
    FROM projection.registered_projections() AS p
    CROSS JOIN LATERAL (
        SELECT projection.joined(array_agg(s.definition ORDER BY s.definition)) AS definitions
        FROM projection.registered_sources() AS s WHERE s.read_table = p.read_table
    ) AS d
    CROSS JOIN LATERAL (
        SELECT string_agg(
            '        ' || replace(e.rule, ', "columns"', E',\n        "columns"'), E',\n' ORDER BY e.n
        ) AS lines
        FROM jsonb_array_elements_text(p.latest) WITH ORDINALITY AS e (rule, n)
    ) AS l
    WHERE p.read_table = p_table;
    IF v_text IS NOT NULL THEN
        RETURN v_text;
    END IF;
    SELECT
        E'INSERT INTO projection.event_types\n(' || max(r.columns) || E')\nVALUES\n'
        || string_agg(format('(%s)', r.cells), E',\n' ORDER BY t.rank, t.event_type) || ';' INTO v_text
    FROM projection.registered_types() AS t
    CROSS JOIN LATERAL (
        SELECT
            string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns,
            projection.joined(array_agg(quote_nullable(to_jsonb(t) ->> a.attname::text) ORDER BY a.attnum)) AS cells
        FROM pg_attribute AS a
        WHERE a.attrelid = 'projection.event_types'::regclass AND a.attnum > 0 AND NOT a.attisdropped
    ) AS r
    WHERE t.event_table = p_table;
    RETURN v_text;
END
$$;

COMMENT ON FUNCTION projection.rules_text(text) IS
'What is registered of a read table, as the call of projection.define() that registers it; of an event table, its '
'types of events. Example: SELECT projection.rules_text(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.rules_text(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.rules_text(text) TO betledger_operator;
