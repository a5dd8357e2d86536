SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.require_consumer(p_tenant_id bigint, p_name text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_tenant_id = 0 AND pg_has_role('betledger_operator', 'USAGE') THEN
        NULL;
    ELSE
        PERFORM projection.require_tenant(p_tenant_id);
    END IF;
    IF length(p_name) BETWEEN 1 AND 200 IS NOT TRUE THEN
        PERFORM projection.refuse_argument(
            'name', quote_literal(left(p_name, 100)), 'Send the name of the consumer, 1 to 200 characters.'
        );
    END IF;
END
$$;

COMMENT ON FUNCTION projection.require_consumer(bigint, text) IS
'Raises BL001 for a consumer without a name or a bad tenant (0, that of the ledger''s feed, is for '
'betledger_operator), BL006 for a foreign one.';

REVOKE ALL ON FUNCTION projection.require_consumer(bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.require_consumer(bigint, text)
TO betledger_app, betledger_tenant, betledger_operator;
