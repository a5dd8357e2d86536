SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.check_definitions(p_event_table text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_found record;
BEGIN
    SELECT format('column %s of %s', c, p.read_table) AS what INTO v_found
    FROM projection.projections AS p
    CROSS JOIN unnest(projection.columns(p.read_table)) AS c
    WHERE p.read_table = ANY (projection.read_tables_of(p_event_table)) AND c <> 'slot' AND NOT EXISTS (
        SELECT FROM projection.sources AS s
        WHERE s.read_table = p.read_table AND c = ANY (projection.said_columns(s.definition))
    )
    LIMIT 1;
    IF FOUND THEN
        PERFORM projection.refuse_definition(
            v_found.what, 'is said by no definition',
            'Add it to the definition, or drop it: a table of your own may hold what you know of a row.'
        );
    END IF;
END
$$;

COMMENT ON FUNCTION projection.check_definitions(text) IS
'Refuses definitions that cannot be compiled, for an event table and the read tables that follow from it. Error: BL020.';

REVOKE ALL ON FUNCTION projection.check_definitions(text) FROM public;
