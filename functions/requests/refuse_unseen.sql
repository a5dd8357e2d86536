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
'Refuses a bet or payment, or what p_what calls it, that is not there or cannot be seen; p_id names it. Migrations '
'may rely on it. Errors: BL002 it is not there, BL006 its tenant is not open. Example: SELECT '
'projection.refuse_unseen(''bonus'', ''bonus-1'', 10001).';

REVOKE ALL ON FUNCTION projection.refuse_unseen(text, text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.refuse_unseen(text, text, bigint)
TO betledger_app, betledger_tenant, betledger_operator;
