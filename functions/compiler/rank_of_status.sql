SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.rank_of_status(p_definition text, p_status text)
RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format(E'CASE %s\n%s\nEND', p_status, projection.indented(string_agg(
        format('WHEN %s THEN %s', s.value, s.highest_rank), E'\n' ORDER BY s.highest_rank, s.value
    ), 1))
    FROM projection.status_values(p_definition) AS s
    JOIN projection.registered_sources() AS f ON f.definition = p_definition
    JOIN projection.registered_projections() AS p USING (read_table)
    WHERE EXISTS (
        SELECT FROM jsonb_array_elements(p.latest) AS g (columns)
        WHERE g.columns -> 'columns' ->> 0 = s.name AND g.columns ? 'by'
    )
$$;

COMMENT ON FUNCTION projection.rank_of_status(text, text) IS
'The expression of the rank of the event types that say a status, given by an expression. Example: SELECT '
'projection.rank_of_status(''projection.bet_of_event'', ''t.status'').';

REVOKE ALL ON FUNCTION projection.rank_of_status(text, text) FROM public;
