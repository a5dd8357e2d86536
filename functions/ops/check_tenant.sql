SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.check_tenant(
    p_tenant_id bigint, p_name text, p_currency text, p_scale integer
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from the catalogue.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_event_table text;
    v_event_type text;
    v_aggregate_id text;
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    IF p_name IS NULL OR length(p_name) NOT BETWEEN 1 AND 200 THEN
        PERFORM projection.refuse_argument('name', quote_literal(left(p_name, 20)), 'Send 1 to 200 characters.');
    END IF;
    IF p_currency IS NULL OR p_currency COLLATE "C" !~ '^[A-Z]{3}$' THEN
        PERFORM projection.refuse_argument(
            'currency', quote_literal(left(p_currency, 20)), 'Send three capital letters, as ISO 4217 has them: EUR.'
        );
    END IF;
    IF p_scale IS NULL OR p_scale NOT BETWEEN 0 AND 18 THEN
        PERFORM projection.refuse_argument(
            'scale', p_scale::text, 'Send how many decimals amounts have, 0 to 18: 2 for EUR, 0 for JPY, 3 for KWD.'
        );
    END IF;
    -- What is stored stays as it is, so it has to fit. Its amounts were checked when they came.
    FOR v_event_table IN SELECT DISTINCT t.event_table FROM projection.registered_types() AS t ORDER BY 1 LOOP
        EXECUTE format(
            'SELECT e.event_type, e.aggregate_id FROM %s AS e'
            || ' WHERE e.tenant_id = $1 AND %s LIMIT 1', v_event_table, projection.finer_text(v_event_table)
        ) INTO v_event_type, v_aggregate_id USING p_tenant_id, p_scale;
        IF v_event_type IS NOT NULL THEN
            PERFORM projection.refuse_argument('scale', p_scale::text, format(
                'Tenant %s has amounts with more decimals, as %s of %s in %s: send a scale that all of them fit.',
                p_tenant_id, v_event_type, quote_literal(v_aggregate_id), v_event_table
            ));
        END IF;
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.check_tenant(bigint, text, text, integer) IS
'Refuses what a row of public.tenants may not be: BL001 a bad tenant, name, currency or scale, or a scale that amounts '
'which are stored do not fit.';

REVOKE ALL ON FUNCTION projection.check_tenant(bigint, text, text, integer) FROM public;
