SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.require_tenant(p_tenant_id bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_tenant_id IS NULL OR p_tenant_id <= 0 THEN
        PERFORM projection.refuse_argument(
            'tenant_id', p_tenant_id::text, 'Send the id of the tenant, a whole number above 0.'
        );
    END IF;
    -- The policies are the wall; this only puts the refusal into words.
    IF projection.own_tenant() IS DISTINCT FROM p_tenant_id AND projection.is_walled_in() THEN
        RAISE EXCEPTION 'tenant % is not open to role %: app.tenant_id is %',
            p_tenant_id, current_user,
            coalesce(quote_literal(left(nullif(current_setting('app.tenant_id', true), ''), 100)), 'not set')
            USING ERRCODE = 'BL006',
            HINT = format('Run SET LOCAL app.tenant_id = ''%s'' in the transaction.', p_tenant_id);
    END IF;
    RETURN true;
END
$$;

COMMENT ON FUNCTION projection.require_tenant(bigint) IS
'Refuses a tenant that is not open to the caller; true otherwise, so that it fits into a policy. Migrations may rely '
'on it. Errors: BL001 not above 0, BL006 not app.tenant_id, where the caller is walled in by betledger_tenant. '
'Example: SELECT projection.require_tenant(10001).';

REVOKE ALL ON FUNCTION projection.require_tenant(bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.require_tenant(bigint)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
