SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.personal_key(p_tenant_id bigint, p_user_id text)
RETURNS TABLE (tenant_id bigint, user_id text, key bytea, created_at timestamptz)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_found record;
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    IF p_user_id IS NULL OR length(p_user_id) NOT BETWEEN 1 AND 200 THEN
        PERFORM projection.refuse_argument('user_id', quote_literal(left(p_user_id, 20)), 'Send 1 to 200 characters.');
    END IF;
    SELECT k.* INTO v_found FROM public.personal_keys AS k WHERE k.tenant_id = p_tenant_id AND k.user_id = p_user_id;
    IF NOT FOUND THEN
        -- Random as the server's own UUIDs are: some 360 bits go into 256.
        INSERT INTO public.personal_keys (tenant_id, user_id, key)
        VALUES (p_tenant_id, p_user_id, sha256(
            uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
        ))
        ON CONFLICT DO NOTHING;
        SELECT k.* INTO v_found
        FROM public.personal_keys AS k WHERE k.tenant_id = p_tenant_id AND k.user_id = p_user_id;
        IF NOT FOUND THEN
            PERFORM projection.refuse_race('public.personal_keys');
        END IF;
    END IF;
    IF v_found.erased_at IS NOT NULL THEN
        RAISE EXCEPTION 'user % of tenant % was erased at %',
            quote_literal(left(p_user_id, 100)), p_tenant_id, v_found.erased_at
            USING ERRCODE = 'BL007',
            HINT = 'What was encrypted cannot be read any more. '
                'Give the person a new user_id, if there is to be one.';
    END IF;
    RETURN QUERY SELECT v_found.tenant_id, v_found.user_id, v_found.key, v_found.created_at;
END
$$;

COMMENT ON FUNCTION public.personal_key(bigint, text) IS
'The key that encrypts what is personal about a user: 32 random bytes, made at the first call. The application '
'encrypts with it (AES-GCM or the like) whatever is personal in event_data and metadata before it inserts. Errors: '
'BL001 bad argument, BL006 foreign tenant, BL007 the person was erased, BL008 a key would have to be made and the '
'tenant is suspended or closed. Example: SELECT * FROM public.personal_key(10001, ''user-1'').';

REVOKE ALL ON FUNCTION public.personal_key(bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION public.personal_key(bigint, text) TO betledger_app, betledger_tenant;
