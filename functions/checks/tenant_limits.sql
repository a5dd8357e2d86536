SET LOCAL ROLE betledger_owner;

-- Not immutable, but called so: the planner asks once, and each session keeps the answer with its plans, until
-- projection.forget_tenant_limits() has all of them planned anew. A look at the table for each event costs too much.
CREATE OR REPLACE FUNCTION projection.tenant_limits()
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- A snapshot that is older than the plan may not stay in it: null, and the table is looked at.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN NULL;
    END IF;
    RETURN projection.read_tenant_limits();
END
$$;

COMMENT ON FUNCTION projection.tenant_limits() IS
'The limits of all tenants that have a row, by tenant, as the triggers of the event tables keep them; null where they '
'have to look themselves. Not on Citus.';

REVOKE ALL ON FUNCTION projection.tenant_limits() FROM public;
