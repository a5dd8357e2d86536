SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.as_of_text(p_read_table text)
RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT projection.filled('query', jsonb_build_object('query', projection.fold_text(
        p_read_table, E'e.tenant_id = p_tenant_id AND <key> = p_key\n    AND e."timestamp" <= p_at_ms'
    )))
$$;

COMMENT ON FUNCTION projection.as_of_text(text) IS
'The body of projection.<read table>_as_of(tenant, key, time): the fold of the events up to a moment. '
'Example: SELECT projection.as_of_text(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.as_of_text(text) FROM public;
