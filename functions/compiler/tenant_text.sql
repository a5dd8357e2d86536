SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.tenant_text(p_event_table text, p_event_type text, p_shard_id bigint)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_holes jsonb := jsonb_build_object(
        'name', quote_literal(p_event_table),
        'suspect', quote_literal(projection.suspect_path(p_event_table, p_event_type)),
        'tenants', projection.local_table('public.tenants', p_shard_id),
        'events', CASE WHEN p_shard_id IS NULL THEN 'new_events' ELSE 'unnest(p_events)' END
    );
    v_look text := projection.filled(
        CASE WHEN p_event_type IS NULL THEN 'tenant_of_many' ELSE 'tenant_of_one' END, v_holes
    );
BEGIN
    -- For one event a query is dear. On Citus a session knows nothing of tenants, which are elsewhere, too.
    IF p_event_type IS NOT NULL AND p_shard_id IS NULL THEN
        RETURN projection.filled('tenant', v_holes || jsonb_build_object('look', v_look));
    END IF;
    RETURN v_look;
END
$$;

COMMENT ON FUNCTION projection.tenant_text(text, text, bigint) IS
'The statement that refuses events of tenants that are suspended or closed (BL008), and amounts with more decimals '
'than the scale of their tenant (BL001): for one event (e) of a type, or without a type for all events of a statement. '
'On Citus it reads the shard of public.tenants that is beside the given one. Example: SELECT '
'projection.tenant_text(''public.bet_events'', NULL, NULL).';

REVOKE ALL ON FUNCTION projection.tenant_text(text, text, bigint) FROM public;
