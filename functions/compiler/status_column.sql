SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.status_column(
    p_definition text, p_rank integer, OUT name text, OUT values_before text[]
)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT s.name, array_agg(s.value ORDER BY s.highest_rank DESC, s.value) FILTER (WHERE s.highest_rank < p_rank)
    FROM (
        SELECT d.name, d.value, max(t.rank) AS highest_rank, bool_and(d.is_constant) AS is_constant
        FROM projection.registered_sources() AS f
        JOIN projection.registered_projections() AS p USING (read_table)
        JOIN projection.registered_types() AS t ON t.event_table = f.source_table AND t.has_effect
        CROSS JOIN LATERAL projection.said_by(f.definition, t.event_type) AS d
        WHERE f.definition = p_definition AND EXISTS (
            SELECT FROM jsonb_array_elements(p.latest) AS g (columns)
            WHERE g.columns -> 'columns' ->> 0 = d.name AND NOT g.columns ? 'of'
        )
        GROUP BY d.name, d.value
    ) AS s
    GROUP BY s.name HAVING bool_and(s.is_constant) ORDER BY s.name LIMIT 1
$$;

COMMENT ON FUNCTION projection.status_column(text, integer) IS
'The column that tells what the last event of a stream was, since every event says it by a constant of its type, and '
'the values that it has after types below a rank, the highest rank first. Null where there is none. Example: SELECT * '
'FROM projection.status_column(''projection.bet_of_event'', 2).';

REVOKE ALL ON FUNCTION projection.status_column(text, integer) FROM public;
