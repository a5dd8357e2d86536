SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.forget_tenant_limits()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT projection.is_distributed('public.tenants') THEN
        -- Two changes of one function at the same moment would be an error.
        PERFORM pg_advisory_xact_lock(hashtextextended('projection.tenant_limits', 0));
        -- The same as before: when this commits, every session plans anew what calls it.
        ALTER FUNCTION projection.tenant_limits() COST 100;
    END IF;
END
$$;

COMMENT ON FUNCTION projection.forget_tenant_limits() IS
'Has every session forget what projection.tenant_limits() has said, once the transaction commits: for whatever changes '
'public.tenants. Sessions hear of it before the commit is acknowledged.';

REVOKE ALL ON FUNCTION projection.forget_tenant_limits() FROM public;
