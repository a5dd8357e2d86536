SET LOCAL ROLE betledger_owner;

-- Other slots for each source: a transaction that has counted a bet and now counts a balance must not wait for one that
-- holds this slot and waits for the balance.
CREATE OR REPLACE FUNCTION projection.slot_text(p_definition text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT format(
            '%s + pg_backend_pid() %% %s',
            100 * coalesce((
                SELECT f.position FROM projection.registered_projections() AS f WHERE f.read_table = s.source_table
            ), 0), p.slots
        )
        FROM projection.registered_sources() AS s JOIN projection.registered_projections() AS p USING (read_table)
        WHERE s.definition = p_definition
    );
END
$$;

COMMENT ON FUNCTION projection.slot_text(text) IS
'The expression of the slot that a backend adds to for a definition of a read table with slots. '
'Example: SELECT projection.slot_text(''projection.totals_of_bet'').';

REVOKE ALL ON FUNCTION projection.slot_text(text) FROM public;
