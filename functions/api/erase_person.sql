SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.erase_person(p_tenant_id bigint, p_user_id text)
RETURNS TABLE (tenant_id bigint, user_id text, erased_at timestamptz, duplicate boolean)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
    v_duplicate boolean;
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    IF p_user_id IS NULL OR length(p_user_id) NOT BETWEEN 1 AND 200 THEN
        PERFORM projection.refuse_argument('user_id', quote_literal(left(p_user_id, 20)), 'Send 1 to 200 characters.');
    END IF;
    -- Also of a person without a key: none shall be made later.
    INSERT INTO public.personal_keys (tenant_id, user_id, key, erased_at) VALUES (p_tenant_id, p_user_id, NULL, v_now)
    ON CONFLICT DO NOTHING;
    v_duplicate := NOT FOUND;
    IF v_duplicate THEN
        UPDATE public.personal_keys AS k SET key = NULL, erased_at = v_now
        WHERE k.tenant_id = p_tenant_id AND k.user_id = p_user_id AND k.key IS NOT NULL;
        v_duplicate := NOT FOUND;
    END IF;
    RETURN QUERY
    SELECT k.tenant_id, k.user_id, k.erased_at, v_duplicate
    FROM public.personal_keys AS k WHERE k.tenant_id = p_tenant_id AND k.user_id = p_user_id;
    -- Nothing is erased that cannot be seen.
    IF NOT FOUND THEN
        PERFORM projection.refuse_race('public.personal_keys');
    END IF;
END
$$;

COMMENT ON FUNCTION public.erase_person(bigint, text) IS
'Erases a person: destroys the key that personal_key() gave, for good. Events, bets, payments and balances stay as '
'they are, under the opaque user_id; what was encrypted in them cannot be read by anybody any more. duplicate is true '
'when the person was erased before. Backups hold the key until they expire. Errors: BL001 bad argument, BL006 foreign '
'tenant, BL008 suspended or closed tenant: resume it first. Example: SELECT * FROM public.erase_person(10001, '
'''user-1'').';

REVOKE ALL ON FUNCTION public.erase_person(bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION public.erase_person(bigint, text) TO betledger_app, betledger_tenant;
