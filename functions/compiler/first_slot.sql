SET LOCAL ROLE betledger_owner;

-- Other slots for each source: a transaction that has counted a bet and now counts a balance must not wait for one that
-- holds this slot and waits for the balance.
CREATE OR REPLACE FUNCTION projection.first_slot(p_definition text)
RETURNS integer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT 100 * coalesce((
            SELECT f.position FROM projection.registered_projections() AS f WHERE f.read_table = s.source_table
        ), 0)
        FROM projection.registered_sources() AS s WHERE s.definition = p_definition
    );
END
$$;

COMMENT ON FUNCTION projection.first_slot(text) IS
'The first of the slots that a definition of a read table with slots adds to. '
'Example: SELECT projection.first_slot(''projection.totals_of_bet'').';

REVOKE ALL ON FUNCTION projection.first_slot(text) FROM public;
