SET LOCAL ROLE betledger_owner;

-- One function a file, applied again whenever the file changes. On Citus a function of public whose first argument is
-- p_tenant_id runs on the node of its tenant.
CREATE OR REPLACE FUNCTION public.newname(p_tenant_id bigint, p_user_id text)
RETURNS TABLE (bets integer, staked numeric)
LANGUAGE plpgsql STABLE
-- Nothing that the session has set changes what is found; and a plan that is made while tables are empty stays good.
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
BEGIN
    -- The wall is row-level security; this puts the refusal into words.
    PERFORM projection.require_tenant(p_tenant_id);
    RETURN QUERY
    SELECT count(*)::integer, coalesce(sum(b.stake), 0)
    FROM public.bets_view AS b
    WHERE b.tenant_id = p_tenant_id AND b.user_id = p_user_id AND b.status IN ('placed', 'confirmed');
END
$$;

-- The contract (`betledger api`) reads this: what may be null, the errors, an example.
COMMENT ON FUNCTION public.newname(bigint, text) IS
'What a user has at stake: the number of open bets, and the sum of their stakes in the currency of '
'the tenant. Errors: BL001 bad tenant, BL006 foreign tenant. '
'Example: SELECT * FROM public.newname(10001, ''user-1'').';

-- SECURITY INVOKER, as is the default: it may what its caller may. Nobody calls it who is not named here.
REVOKE ALL ON FUNCTION public.newname(bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION public.newname(bigint, text)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
