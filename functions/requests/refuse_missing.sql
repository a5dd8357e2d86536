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
'Refuses a call that makes something without a tenant or without an idempotency key. Migrations may rely on it. '
'Errors: BL001 none, BL006 foreign tenant. Example: SELECT projection.refuse_missing(10001, ''key-1'').';

REVOKE ALL ON FUNCTION projection.refuse_missing(bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.refuse_missing(bigint, text) TO betledger_app, betledger_tenant;
