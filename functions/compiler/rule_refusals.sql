SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.rule_refusals(p_read_tables text[])
RETURNS TABLE (what text, problem text, remedy text)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH rules AS (
        SELECT p.read_table, p.kind, p.key_columns, r.column_name, r.rule
        FROM projection.registered_projections() AS p
        CROSS JOIN LATERAL (
            SELECT c, 'latest'
            FROM jsonb_array_elements(p.latest) AS g (columns), jsonb_array_elements_text(g.columns -> 'columns') AS c
            UNION ALL SELECT c, 'lowest' FROM unnest(p.lowest_columns) AS c
            UNION ALL SELECT c, 'highest' FROM unnest(p.highest_columns) AS c
        ) AS r (column_name, rule)
        WHERE p.read_table = ANY (p_read_tables)
    ),
    columns AS (
        SELECT p.read_table, p.kind, p.key_columns, c AS column_name
        FROM projection.registered_projections() AS p CROSS JOIN unnest(projection.columns(p.read_table)) AS c
        WHERE p.read_table = ANY (p_read_tables) AND c <> 'slot'
    )
    SELECT format('column %s of %s', c.column_name, c.read_table), 'is said by no definition',
        'Add it to the definition, or drop it: a table of your own may hold what you know of a row.'
    FROM columns AS c WHERE NOT EXISTS (
        SELECT FROM projection.registered_sources() AS s
        WHERE s.read_table = c.read_table AND c.column_name = ANY (projection.said_columns(s.definition))
    )
    UNION ALL
    SELECT format('column %s of %s', r.column_name, r.read_table),
        format('is to hold the %s, but is not there', r.rule),
        'Correct the name in projection.define(), or add the column.'
    FROM rules AS r WHERE NOT EXISTS (
        SELECT FROM columns AS c WHERE c.read_table = r.read_table AND c.column_name = r.column_name
    )
    UNION ALL
    SELECT format('column %s of %s', r.column_name, r.read_table),
        format('is gathered in two ways: %s', string_agg(r.rule, ', ' ORDER BY r.rule)),
        'Name each column once in projection.define().'
    FROM rules AS r GROUP BY r.read_table, r.column_name HAVING count(*) > 1
    UNION ALL
    SELECT format('column %s of %s', c.column_name, c.read_table),
        'would add up in a table whose rows follow the order of events',
        'Name it in p_latest, p_lowest or p_highest, or gather the sum in a table of its own.'
    FROM columns AS c WHERE c.kind = 'state' AND c.column_name <> ALL (c.key_columns) AND NOT EXISTS (
        SELECT FROM rules AS r WHERE r.read_table = c.read_table AND r.column_name = c.column_name
    )
    UNION ALL
    SELECT format('column %s of %s', r.column_name, r.read_table),
        format('holds the %s, in a table with slots', r.rule),
        'Keep it in a table without slots: only sums can be spread over rows.'
    FROM rules AS r WHERE r.kind = 'slots'
    UNION ALL
    SELECT format('column %s of %s', r.column_name, r.read_table), 'is part of the key, and is to hold the ' || r.rule,
        'Leave the key out of p_latest, p_lowest and p_highest.'
    FROM rules AS r WHERE r.column_name = ANY (r.key_columns)
    UNION ALL
    SELECT format('columns %s of %s', g.columns ->> 'columns', p.read_table),
        format('are to hold what an event says by %s', g.columns ->> 'by'),
        'Leave "by" out, or say "by": "rank" of columns that all types say, without "of".'
    FROM projection.registered_projections() AS p CROSS JOIN jsonb_array_elements(p.latest) AS g (columns)
    WHERE p.read_table = ANY (p_read_tables) AND g.columns ? 'by'
        AND (g.columns ->> 'by' <> 'rank' OR g.columns ? 'of')
    UNION ALL
    SELECT format('column %s of %s', v.name, p.read_table),
        'goes by rank, but ' || CASE WHEN v.is_constant
            THEN format('types of several ranks say %s', v.value) ELSE 'is not a constant of each event type' END,
        'Let each value of the column be said by types of one rank, or leave "by" out.'
    FROM projection.registered_projections() AS p
    CROSS JOIN jsonb_array_elements(p.latest) AS g (columns)
    JOIN projection.registered_sources() AS s USING (read_table)
    CROSS JOIN LATERAL projection.status_values(s.definition) AS v
    WHERE p.read_table = ANY (p_read_tables) AND g.columns ->> 'by' = 'rank' AND v.name = g.columns -> 'columns' ->> 0
        AND (NOT v.is_constant OR v.lowest_rank < v.highest_rank)
    UNION ALL
    SELECT format('event type %s', o), format('is no type of the events that %s gathers from', p.read_table),
        'Correct the name in p_latest, or register the type in projection.event_types.'
    FROM projection.registered_projections() AS p
    CROSS JOIN jsonb_array_elements(p.latest) AS g (columns)
    CROSS JOIN jsonb_array_elements_text(coalesce(g.columns -> 'of', '[]')) AS o
    WHERE p.read_table = ANY (p_read_tables) AND NOT EXISTS (
        SELECT FROM projection.registered_sources() AS s
        JOIN projection.registered_types() AS t ON t.event_table = s.source_table
        WHERE s.read_table = p.read_table AND t.event_type = o
    )
$$;

COMMENT ON FUNCTION projection.rule_refusals(text[]) IS
'What is wrong with how the columns of read tables gather: see projection.check_definitions().';

REVOKE ALL ON FUNCTION projection.rule_refusals(text[]) FROM public;
