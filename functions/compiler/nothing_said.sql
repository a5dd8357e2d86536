SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.nothing_said(p_definition text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT jsonb_object_agg(c, CASE
            WHEN c = 'slot' THEN projection.slot_text(p_definition)
            WHEN c = ANY (p.lowest_columns || p.highest_columns) THEN 'NULL'
            ELSE '0'
        END)
        FROM projection.registered_sources() AS s
        JOIN projection.registered_projections() AS p USING (read_table)
        CROSS JOIN unnest(projection.columns(p.read_table)) AS c
        WHERE s.definition = p_definition
    );
END
$$;

COMMENT ON FUNCTION projection.nothing_said(text) IS
'What columns of a read table get of which a definition says nothing, as expressions by column: 0, or null where the '
'lowest or highest value is kept. Example: SELECT projection.nothing_said(''projection.totals_of_user'').';

REVOKE ALL ON FUNCTION projection.nothing_said(text) FROM public;
