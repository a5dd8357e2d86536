SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.tenant_text(p_event_table text, p_of_one boolean, p_shard_id bigint)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN projection.filled(CASE WHEN p_of_one THEN 'tenant_of_one' ELSE 'tenant_of_many' END, jsonb_build_object(
        'name', quote_literal(p_event_table),
        'tenants', projection.local_table('public.tenants', p_shard_id),
        'suspect', quote_literal(projection.suspect_path(p_event_table)),
        'events', CASE WHEN p_shard_id IS NULL THEN 'new_events' ELSE 'unnest(p_events)' END
    ));
END
$$;

COMMENT ON FUNCTION projection.tenant_text(text, boolean, bigint) IS
'The statement that refuses events of tenants that are suspended or closed (BL008), and amounts with more decimals '
'than the scale of their tenant (BL001). On Citus it reads the shard of public.tenants that is beside the given one. '
'Example: SELECT projection.tenant_text(''public.bet_events'', false, NULL).';

REVOKE ALL ON FUNCTION projection.tenant_text(text, boolean, bigint) FROM public;
