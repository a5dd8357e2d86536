SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.status_column(
    p_definition text, p_rank integer, OUT name text, OUT values_before text[]
)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT s.name, array_agg(s.value ORDER BY s.highest_rank DESC, s.value) FILTER (WHERE s.highest_rank < p_rank)
    FROM projection.status_values(p_definition) AS s
    GROUP BY s.name HAVING bool_and(s.is_constant) ORDER BY s.name LIMIT 1
$$;

COMMENT ON FUNCTION projection.status_column(text, integer) IS
'The column that tells what the last event of a stream was, since every event says it by a constant of its type, and '
'the values that it has after types below a rank, the highest rank first. Null where there is none. Example: SELECT * '
'FROM projection.status_column(''projection.bet_of_event'', 2).';

REVOKE ALL ON FUNCTION projection.status_column(text, integer) FROM public;
