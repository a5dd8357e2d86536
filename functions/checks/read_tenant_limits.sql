SET LOCAL ROLE betledger_owner;

-- Volatile, so that it sees what has been committed by now, whatever the statement that it is called for sees.
CREATE OR REPLACE FUNCTION projection.read_tenant_limits()
RETURNS jsonb
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT CASE WHEN count(*) <= 5000 THEN coalesce(jsonb_object_agg(t.tenant_id, t.limits), '{}') END
        FROM (SELECT o.tenant_id, o.limits FROM public.tenants AS o LIMIT 5001) AS t
    );
END
$$;

COMMENT ON FUNCTION projection.read_tenant_limits() IS
'The limits of all tenants that have a row, by tenant; null where there are more than 5000, which each session would '
'keep for each type of event. See projection.tenant_limits().';

REVOKE ALL ON FUNCTION projection.read_tenant_limits() FROM public;
