SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.forget_consumer(p_tenant_id bigint, p_name text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
BEGIN
    DELETE FROM public.consumers AS c WHERE c.tenant_id = p_tenant_id AND c.name = p_name;
    RETURN FOUND;
END
$$;

COMMENT ON FUNCTION ops.forget_consumer(bigint, text) IS
'Removes a consumer that is not needed any more, and says whether there was one. Tenant 0: one of the ledger''s feed. '
'Example: SELECT ops.forget_consumer(10001, ''warehouse'').';

REVOKE ALL ON FUNCTION ops.forget_consumer(bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION ops.forget_consumer(bigint, text) TO betledger_operator;
