SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.require_trusted(p_allow_negative boolean)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_allow_negative
        AND NOT pg_has_role('betledger_app', 'USAGE') AND NOT pg_has_role('betledger_operator', 'USAGE')
    THEN
        RAISE EXCEPTION 'allow_negative is true, which role % may not say', current_user
            USING ERRCODE = 'insufficient_privilege',
            HINT = 'Leave it out, or call as a member of betledger_app or betledger_operator.';
    END IF;
END
$$;

COMMENT ON FUNCTION projection.require_trusted(boolean) IS
'Raises 42501 where a call says that a balance may fall below zero, and the caller is in neither betledger_app nor '
'betledger_operator.';

REVOKE ALL ON FUNCTION projection.require_trusted(boolean) FROM public;

GRANT EXECUTE ON FUNCTION projection.require_trusted(boolean)
TO betledger_app, betledger_tenant, betledger_operator;
