SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.create_tenant(p_tenant_id bigint, p_name text, p_currency text, p_scale integer)
RETURNS public.tenants
LANGUAGE plpgsql
-- Operators may not write the table in any other way.
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
DECLARE
    v_tenant public.tenants;
BEGIN
    PERFORM projection.check_tenant(p_tenant_id, p_name, p_currency, p_scale);
    INSERT INTO public.tenants (tenant_id, name, currency, scale)
    VALUES (p_tenant_id, p_name, p_currency, p_scale)
    ON CONFLICT DO NOTHING;
    PERFORM projection.forget_tenant_limits();
    SELECT t.* INTO v_tenant FROM public.tenants AS t WHERE t.tenant_id = p_tenant_id;
    IF (v_tenant.name, v_tenant.currency, v_tenant.scale) IS DISTINCT FROM (p_name, p_currency, p_scale) THEN
        PERFORM projection.refuse_argument('tenant_id', p_tenant_id::text, format(
            'It is there, as %s in %s with %s decimals: change it with betledger tenant change.',
            quote_literal(v_tenant.name), v_tenant.currency, v_tenant.scale
        ));
    END IF;
    RETURN v_tenant;
END
$$;

COMMENT ON FUNCTION ops.create_tenant(bigint, text, text, integer) IS
'Gives a tenant its row in public.tenants: from then on amounts with more decimals than p_scale (0 to 18) are refused '
'with BL001, whichever way they come. A tenant may have written before, if its amounts fit. Called again with the same '
'arguments it changes nothing. What a transaction that is under way stores meanwhile is not looked at. Errors: BL001 '
'bad argument, amounts that do not fit, or a row that is there and differs. Example: SELECT * FROM '
'ops.create_tenant(10001, ''Bets of the North'', ''EUR'', 2).';

REVOKE ALL ON FUNCTION ops.create_tenant(bigint, text, text, integer) FROM public;

GRANT EXECUTE ON FUNCTION ops.create_tenant(bigint, text, text, integer) TO betledger_operator;
