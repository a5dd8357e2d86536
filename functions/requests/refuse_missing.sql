SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse_missing(p_tenant_id bigint, p_idempotency_key text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    IF p_idempotency_key IS NULL THEN
        PERFORM projection.refuse_argument(
            'idempotency_key', NULL, 'Send a key of 1 to 200 characters, new for each new operation.'
        );
    END IF;
END
$$;

COMMENT ON FUNCTION projection.refuse_missing(bigint, text) IS
'Raises BL001 where a call that makes something has no tenant or no idempotency key.';

REVOKE ALL ON FUNCTION projection.refuse_missing(bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.refuse_missing(bigint, text) TO betledger_app, betledger_tenant;
