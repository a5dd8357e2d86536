SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.status_values(p_definition text)
RETURNS TABLE (name text, value text, lowest_rank integer, highest_rank integer, is_constant boolean)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT d.name, d.value, min(t.rank), max(t.rank), bool_and(d.is_constant)
    FROM projection.registered_sources() AS f
    JOIN projection.registered_projections() AS p USING (read_table)
    JOIN projection.registered_types() AS t ON t.event_table = f.source_table AND t.has_effect
    CROSS JOIN LATERAL projection.said_by(f.definition, t.event_type) AS d
    WHERE f.definition = p_definition AND EXISTS (
        SELECT FROM jsonb_array_elements(p.latest) AS g (columns)
        WHERE g.columns -> 'columns' ->> 0 = d.name AND NOT g.columns ? 'of'
    )
    GROUP BY d.name, d.value
$$;

COMMENT ON FUNCTION projection.status_values(text) IS
'The columns that every event says something of, what they may say, and the ranks of the types that say it. Example: '
'SELECT * FROM projection.status_values(''projection.bet_of_event'').';

REVOKE ALL ON FUNCTION projection.status_values(text) FROM public;
