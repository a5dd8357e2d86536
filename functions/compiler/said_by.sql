SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.said_by(p_definition text, p_event_type text)
RETURNS TABLE (name text, value text, is_constant boolean, is_zero boolean, condition text, said_as text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table text := (SELECT s.source_table FROM projection.registered_sources() AS s WHERE s.definition = p_definition);
    v_highest text[] := (
        SELECT p.highest_columns
        FROM projection.registered_sources() AS s JOIN projection.registered_projections() AS p USING (read_table)
        WHERE s.definition = p_definition
    );
BEGIN
    RETURN QUERY
    SELECT
        s.name, s.value, s.is_constant, s.is_zero, s.condition,
        CASE
            WHEN s.is_constant
                OR s.value IN (SELECT 'e.' || quote_ident(c) FROM unnest(projection.columns(v_table)) AS c)
                THEN s.value
            -- Columns of which the same is said share a variable.
            ELSE 'said.' || quote_ident(first_value(s.name) OVER (
                PARTITION BY s.value ORDER BY s.name = ANY (v_highest) DESC, s.name
            ))
        END
    FROM projection.simplified(
        p_definition,
        projection.row_of(v_table, jsonb_build_object('event_type', format('%L::text', p_event_type)), 'e'),
        jsonb_build_object('e', v_table)
    ) AS s;
END
$$;

COMMENT ON FUNCTION projection.said_by(text, text) IS
'What an event (e) of a type says by a definition: for each column the expression, and how compiled code refers to '
'it: a constant, a column of the event, or a variable of the block "said". Example: SELECT * FROM '
'projection.said_by(''projection.bet_of_event'', ''V1_BETS_BET_SETTLED'').';

REVOKE ALL ON FUNCTION projection.said_by(text, text) FROM public;
