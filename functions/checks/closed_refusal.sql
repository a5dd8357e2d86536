SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.closed_refusal(p_tenant_id bigint, p_status text)
RETURNS projection.refusal
LANGUAGE sql STABLE
AS $$
    SELECT ROW(
        'BL008', format('tenant %s is %s: it can be read and not written', p_tenant_id, p_status),
        format('Nothing was stored. An operator opens it with betledger tenant resume %s.', p_tenant_id)
    )::projection.refusal
    WHERE p_status <> 'active'
$$;

COMMENT ON FUNCTION projection.closed_refusal(bigint, text) IS
'The refusal of a tenant whose status is not active; null, of a tenant without a row, is none. Example: SELECT * FROM '
'projection.closed_refusal(10001, ''suspended'').';

REVOKE ALL ON FUNCTION projection.closed_refusal(bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.closed_refusal(bigint, text) TO betledger_app, betledger_tenant;
