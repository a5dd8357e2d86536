SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.known_tenant(p_tenant_id bigint)
RETURNS public.tenants
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_tenant public.tenants;
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    SELECT t.* INTO v_tenant FROM public.tenants AS t WHERE t.tenant_id = p_tenant_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenant % has no row in public.tenants', p_tenant_id
            USING ERRCODE = 'BL002', HINT = 'Give it one with betledger tenant create.';
    END IF;
    RETURN v_tenant;
END
$$;

COMMENT ON FUNCTION projection.known_tenant(bigint) IS
'The row of a tenant, locked until the transaction ends. Errors: BL001 bad tenant, BL002 it has no row.';

REVOKE ALL ON FUNCTION projection.known_tenant(bigint) FROM public;
