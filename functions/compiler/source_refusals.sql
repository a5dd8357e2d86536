SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.source_refusals(p_read_tables text[])
RETURNS TABLE (what text, problem text, remedy text)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH sources AS (
        SELECT s.definition, s.source_table, p.*, b.kind AS kind_below, b.position AS position_below,
            b.lowest_columns || b.highest_columns AS bounds_below
        FROM projection.registered_sources() AS s
        JOIN projection.registered_projections() AS p USING (read_table)
        LEFT JOIN projection.registered_projections() AS b ON b.read_table = s.source_table
        WHERE p.read_table = ANY (p_read_tables)
    )
    SELECT format('column %s of %s', c, s.definition), format('is not a column of %s', s.read_table),
        'Name the columns of a definition after those of its read table.'
    FROM sources AS s CROSS JOIN unnest(projection.said_columns(s.definition)) AS c
    WHERE c <> ALL (projection.columns(s.read_table)) OR c = 'slot'
    UNION ALL
    SELECT s.definition, format('does not say column %s of the key', k), 'Give all columns of the key but slot.'
    FROM sources AS s CROSS JOIN unnest(s.key_columns) AS k
    WHERE k <> ALL (projection.said_columns(s.definition)) AND k <> 'slot'
    UNION ALL
    SELECT s.definition,
        format('gathers %s from %s, which comes at the same or a later position', s.read_table, s.source_table),
        'Give the table above a higher p_position: rows are locked in this order.'
    FROM sources AS s WHERE s.position_below >= s.position
    UNION ALL
    SELECT s.definition, 'gathers from slots, whose rows mean nothing by themselves',
        'Gather from what the slots gather from.'
    FROM sources AS s WHERE s.kind_below = 'slots'
    UNION ALL
    SELECT s.read_table, 'follows the order of events, and has ' || CASE
            WHEN count(*) > 1 THEN 'several sources' ELSE 'a source that is not an event table' END,
        'Give a table with p_latest one definition, over an event table.'
    FROM sources AS s WHERE s.kind = 'state'
    GROUP BY s.read_table HAVING count(*) > 1 OR bool_or(s.position_below IS NOT NULL)
    UNION ALL
    -- By how much a lowest or highest value has changed is not known.
    SELECT format('column %s of %s', d.name, s.definition), 'says something of a lowest or highest value',
        format('Say it of a sum of %s, or keep it in %s.', s.source_table, s.source_table)
    FROM sources AS s
    CROSS JOIN LATERAL projection.simplified(
        s.definition, projection.row_of(s.source_table, '{}', 'was'), jsonb_build_object('was', s.source_table)
    ) AS d
    JOIN LATERAL projection.simplified(
        s.definition,
        projection.row_of(s.source_table, (SELECT jsonb_object_agg(b, 'NULL') FROM unnest(s.bounds_below) AS b), 'was'),
        jsonb_build_object('was', s.source_table)
    ) AS w ON w.name = d.name AND w.value <> d.value
    WHERE s.kind_below = 'sum' AND cardinality(s.bounds_below) > 0
$$;

COMMENT ON FUNCTION projection.source_refusals(text[]) IS
'What is wrong with the definitions of read tables: see projection.check_definitions().';

REVOKE ALL ON FUNCTION projection.source_refusals(text[]) FROM public;
