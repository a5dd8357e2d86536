SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.change_tenant(
    p_tenant_id bigint, p_name text DEFAULT NULL, p_currency text DEFAULT NULL, p_scale integer DEFAULT NULL
)
RETURNS public.tenants
LANGUAGE plpgsql
-- Operators may not write the table in any other way.
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
-- The SQL is made from the catalogue.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_now timestamptz := clock_timestamp();
    v_was public.tenants := projection.known_tenant(p_tenant_id);
    v_tenant public.tenants := v_was;
    v_event_table text;
    v_has_events boolean;
BEGIN
    v_tenant.name := coalesce(p_name, v_was.name);
    v_tenant.currency := coalesce(p_currency, v_was.currency);
    v_tenant.scale := coalesce(p_scale, v_was.scale);
    PERFORM projection.check_tenant(p_tenant_id, v_tenant.name, v_tenant.currency, v_tenant.scale);
    FOR v_event_table IN SELECT DISTINCT t.event_table FROM projection.registered_types() AS t LOOP
        EXIT WHEN v_tenant.currency = v_was.currency;
        EXECUTE format('SELECT EXISTS (SELECT FROM %s AS e WHERE e.tenant_id = $1)', v_event_table)
        INTO v_has_events USING p_tenant_id;
        IF v_has_events THEN
            PERFORM projection.refuse_argument('currency', quote_literal(p_currency), format(
                'Tenant %s has events in %s, which stay: another currency is another tenant.',
                p_tenant_id, v_was.currency
            ));
        END IF;
    END LOOP;
    IF v_tenant <> v_was THEN
        UPDATE public.tenants AS t
        SET name = v_tenant.name, currency = v_tenant.currency, scale = v_tenant.scale, changed_at = v_now
        WHERE t.tenant_id = p_tenant_id
        RETURNING t.* INTO v_tenant;
        PERFORM projection.forget_tenant_limits();
    END IF;
    RETURN v_tenant;
END
$$;

COMMENT ON FUNCTION ops.change_tenant(bigint, text, text, integer) IS
'Changes the name, currency or scale of a tenant; null leaves what is there. A scale that all stored amounts fit (a '
'larger one always does), another currency only before the first event. What a transaction that is under way stores '
'meanwhile is not looked at. Errors: BL001 bad argument, amounts that do not fit, or events in the old currency; BL002 '
'no such tenant. Example: SELECT * FROM ops.change_tenant(10001, p_scale => 3).';

REVOKE ALL ON FUNCTION ops.change_tenant(bigint, text, text, integer) FROM public;

GRANT EXECUTE ON FUNCTION ops.change_tenant(bigint, text, text, integer) TO betledger_operator;
