SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse(p_refusal projection.refusal)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_refusal.sqlstate IS NOT NULL THEN
        RAISE EXCEPTION '%', p_refusal.message USING ERRCODE = p_refusal.sqlstate, HINT = p_refusal.hint;
    END IF;
END
$$;

COMMENT ON FUNCTION projection.refuse(projection.refusal) IS 'Raises a refusal; nothing where it is null.';

REVOKE ALL ON FUNCTION projection.refuse(projection.refusal) FROM public;

GRANT EXECUTE ON FUNCTION projection.refuse(projection.refusal)
TO betledger_app, betledger_tenant, betledger_operator;
