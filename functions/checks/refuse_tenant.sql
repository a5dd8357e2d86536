SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse_tenant(
    p_event_table text, p_event_type text, p_event_data jsonb, p_tenant_id bigint, p_currency text, p_scale integer,
    p_status text
)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.refuse_closed(p_tenant_id, p_status);
    PERFORM projection.refuse(projection.scale_refusal(
        p_event_table, p_event_type, p_event_data, p_tenant_id, p_currency, p_scale
    ));
    RETURN true;
END
$$;

COMMENT ON FUNCTION projection.refuse_tenant(text, text, jsonb, bigint, text, integer, text) IS
'Refuses an event that its tenant, by the row in public.tenants (the last arguments), may not store: BL008 it is '
'suspended or closed, BL001 an amount has more decimals than its scale. Else true, so that it fits into a condition. '
'Called by the check of an event table for what projection.suspect_path() tells.';

REVOKE ALL ON FUNCTION projection.refuse_tenant(text, text, jsonb, bigint, text, integer, text) FROM public;
