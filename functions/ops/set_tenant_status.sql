SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.set_tenant_status(p_tenant_id bigint, p_status text)
RETURNS public.tenants
LANGUAGE plpgsql
-- Operators may not write the table in any other way.
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
    v_tenant public.tenants;
BEGIN
    IF coalesce(p_status, '') NOT IN ('active', 'suspended', 'closed') THEN
        PERFORM projection.refuse_argument(
            'status', quote_literal(left(p_status, 20)), 'Send active, suspended or closed.'
        );
    END IF;
    v_tenant := projection.known_tenant(p_tenant_id);
    IF v_tenant.status = 'closed' AND p_status = 'suspended' THEN
        RAISE EXCEPTION 'tenant % is closed: it cannot be suspended', p_tenant_id
            USING ERRCODE = 'BL003',
            HINT = 'active can be suspended or closed; suspended can be resumed or closed; closed can be resumed.';
    END IF;
    IF v_tenant.status <> p_status THEN
        UPDATE public.tenants AS t SET status = p_status, changed_at = v_now WHERE t.tenant_id = p_tenant_id
        RETURNING t.* INTO v_tenant;
        PERFORM projection.forget_tenant_limits();
    END IF;
    RETURN v_tenant;
END
$$;

COMMENT ON FUNCTION ops.set_tenant_status(bigint, text) IS
'Suspends a tenant, closes it, or makes it active again. A tenant that is not active is read as before; each write of '
'a transaction that begins after this one has committed is refused with BL008. A transaction that is under way may '
'end: in read committed its next statement is refused, too. Keys of idempotency go on to expire. Errors: BL001 bad '
'argument, BL002 no such tenant, BL003 a closed tenant cannot be suspended. Example: SELECT * FROM '
'ops.set_tenant_status(10001, ''suspended'').';

REVOKE ALL ON FUNCTION ops.set_tenant_status(bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION ops.set_tenant_status(bigint, text) TO betledger_operator;
