SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse_unseen(p_what text, p_id text, p_tenant_id bigint)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    PERFORM projection.refuse(projection.unseen_refusal(p_what, p_id, p_tenant_id));
END
$$;

COMMENT ON FUNCTION projection.refuse_unseen(text, text, bigint) IS
'Raises BL002 for a bet or payment that is not there, or BL006 where it cannot be seen because its tenant is not open.';

REVOKE ALL ON FUNCTION projection.refuse_unseen(text, text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.refuse_unseen(text, text, bigint)
TO betledger_app, betledger_tenant, betledger_operator;
