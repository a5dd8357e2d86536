SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.moved_by_own(p_user_ids text[], p_field text, p_ids text[])
RETURNS numeric[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
BEGIN
    -- Whoever calls it: of the tenant that is open to the transaction, and of no other.
    RETURN projection.moved_by(projection.own_tenant(), p_user_ids, p_field, p_ids);
END
$$;

COMMENT ON FUNCTION projection.moved_by_own(text[], text, text[]) IS
'projection.moved_by() for a caller that is walled in. With the rights of the owner: behind row-level security no '
'index is searched by an expression that may tell what it sees, and every balance event of the tenant would be read.';

REVOKE ALL ON FUNCTION projection.moved_by_own(text[], text, text[]) FROM public;

GRANT EXECUTE ON FUNCTION projection.moved_by_own(text[], text, text[]) TO betledger_app, betledger_tenant;
