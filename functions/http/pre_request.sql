SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION http.pre_request()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_headers json := nullif(current_setting('request.headers', true), '');
    v_claims json := nullif(current_setting('request.jwt.claims', true), '');
    v_tenant_id text := v_headers ->> 'x-tenant-id';
    v_key text := v_headers ->> 'idempotency-key';
BEGIN
    IF coalesce(v_tenant_id, '') = '' THEN
        RAISE EXCEPTION 'Missing X-Tenant-Id header' USING ERRCODE = 'PT400', HINT = 'Send the id of the tenant.';
    ELSIF v_tenant_id !~ '^[1-9][0-9]{0,18}$'
        OR length(v_tenant_id) = 19 AND v_tenant_id COLLATE "C" > '9223372036854775807'
    THEN
        RAISE EXCEPTION 'Invalid X-Tenant-Id format'
            USING ERRCODE = 'PT400', HINT = 'Send a whole number from 1 to 9223372036854775807.';
    ELSIF v_tenant_id <> v_claims ->> 'tenant_id' THEN
        RAISE EXCEPTION 'X-Tenant-Id is not the tenant of the token'
            USING ERRCODE = 'PT403', HINT = 'Send the tenant_id of the token.';
    END IF;
    IF coalesce(current_setting('request.method', true), '') NOT IN ('GET', 'HEAD', 'OPTIONS') THEN
        IF coalesce(v_key, '') = '' THEN
            RAISE EXCEPTION 'Missing Idempotency-Key header'
                USING ERRCODE = 'PT400',
                HINT = 'Send a key of 1 to 200 characters, new for each new operation.';
        ELSIF length(v_key) > 200 THEN
            RAISE EXCEPTION 'Invalid Idempotency-Key format'
                USING ERRCODE = 'PT400',
                HINT = 'Send a key of 1 to 200 characters, new for each new operation.';
        END IF;
    END IF;
    -- Whatever role the token names, from here on it is one behind the wall.
    IF pg_has_role('betledger_app', 'USAGE') OR NOT pg_has_role('betledger_tenant', 'USAGE') THEN
        SET LOCAL ROLE betledger_tenant;
    END IF;
    -- As a statement: set_config() would not reach the nodes of a Citus cluster.
    EXECUTE format('SET LOCAL app.tenant_id = %L', v_tenant_id);
    EXECUTE format('SET LOCAL app.idempotency_key = %L', coalesce(v_key, ''));
END
$$;

COMMENT ON FUNCTION http.pre_request() IS
'For PostgREST (db-pre-request), at the start of each transaction: puts the request behind the wall of the tenant '
'that its X-Tenant-Id header names, as a member of betledger_tenant, and gives its Idempotency-Key to the functions '
'that it calls and the events that it inserts, where another one is refused with BL001. Errors: PT400 (HTTP 400) the '
'header is missing or no whole number above 0, or a request that writes has no Idempotency-Key of 1 to 200 '
'characters; PT403 (HTTP 403) the token has another tenant_id; 42501 the role may not become betledger_tenant. '
'Example: SELECT http.pre_request().';

REVOKE ALL ON FUNCTION http.pre_request() FROM public;

GRANT EXECUTE ON FUNCTION http.pre_request() TO betledger_app, betledger_tenant;
