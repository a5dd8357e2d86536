SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.latest_event_at(p_event_table text)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
AS $$
-- The name is that of an event table.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_latest bigint;
BEGIN
    -- Tenant by tenant, each by one look into an index.
    EXECUTE format(
        'SELECT max(l.latest) FROM (SELECT DISTINCT t.tenant_id FROM projection.tenant_totals AS t) AS t'
        ' CROSS JOIN LATERAL (SELECT max(e."timestamp") AS latest FROM %s AS e WHERE e.tenant_id = t.tenant_id) AS l',
        p_event_table::regclass
    ) INTO v_latest;
    RETURN to_timestamp(v_latest / 1000.0);
END
$$;

COMMENT ON FUNCTION projection.latest_event_at(text) IS
'When the latest event of an event table happened, of all tenants; null when there is none. Example: SELECT '
'projection.latest_event_at(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.latest_event_at(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.latest_event_at(text) TO betledger_operator;
