SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse_closed(p_tenant_id bigint, p_status text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.refuse(projection.closed_refusal(p_tenant_id, p_status));
END
$$;

COMMENT ON FUNCTION projection.refuse_closed(bigint, text) IS
'Raises BL008 where the status of a tenant is not active; null, of a tenant without a row, is none.';

REVOKE ALL ON FUNCTION projection.refuse_closed(bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.refuse_closed(bigint, text) TO betledger_app, betledger_tenant;
