SET LOCAL ROLE betledger_owner;

-- Volatile, so that it sees what has been committed by now, whatever the statement that it is called for sees.
CREATE OR REPLACE FUNCTION projection.read_tenant_limits()
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((SELECT jsonb_object_agg(t.tenant_id, t.limits) FROM public.tenants AS t), '{}');
END
$$;

COMMENT ON FUNCTION projection.read_tenant_limits() IS
'The limits of all tenants that have a row, by tenant: see projection.tenant_limits().';

REVOKE ALL ON FUNCTION projection.read_tenant_limits() FROM public;
