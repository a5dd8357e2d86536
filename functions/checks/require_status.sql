SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.require_status(p_event_table text, p_status text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_statuses text[];
BEGIN
    IF p_status IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(DISTINCT t.status ORDER BY t.status) INTO v_statuses
    FROM projection.event_types AS t WHERE t.event_table = p_event_table;
    IF p_status <> ALL (v_statuses) THEN
        PERFORM projection.refuse_argument(
            'status', quote_literal(left(p_status, 100)),
            format('Send one of %s, or null for all.', array_to_string(v_statuses, ', '))
        );
    END IF;
END
$$;

COMMENT ON FUNCTION projection.require_status(text, text) IS
'Raises BL001 for a status that no event of this table gives; null is all of them. Example: SELECT '
'projection.require_status(''public.bet_events'', ''placed'').';

REVOKE ALL ON FUNCTION projection.require_status(text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.require_status(text, text)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
