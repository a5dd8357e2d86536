SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.require_page(p_tenant_id bigint, p_limit integer)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    IF p_limit IS NULL OR p_limit < 0 THEN
        PERFORM projection.refuse_argument(
            'limit', p_limit::text, 'Send the highest number of events to give, 0 or more.'
        );
    END IF;
END
$$;

COMMENT ON FUNCTION projection.require_page(bigint, integer) IS
'Raises BL001 for a bad tenant or a limit below 0, and BL006 for a tenant that is not open to the caller.';

REVOKE ALL ON FUNCTION projection.require_page(bigint, integer) FROM public;

GRANT EXECUTE ON FUNCTION projection.require_page(bigint, integer)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
