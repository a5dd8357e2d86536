SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.bonus_result(p_tenant_id bigint, p_bonus_id text, p_duplicate boolean)
RETURNS public.bonus_result
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_result public.bonus_result;
BEGIN
    SELECT
        b.tenant_id, b.bonus_id, b.user_id, b.amount, b.status, b.idempotency_key, b.created_at, b.last_updated_at,
        p_duplicate
    INTO v_result
    FROM public.bonuses_view AS b WHERE b.tenant_id = p_tenant_id AND b.bonus_id = p_bonus_id;
    RETURN v_result;
END
$$;

COMMENT ON FUNCTION projection.bonus_result(bigint, text, boolean) IS
'What a function that changes a bonus gives.';

REVOKE ALL ON FUNCTION projection.bonus_result(bigint, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION projection.bonus_result(bigint, text, boolean) TO betledger_app, betledger_tenant;
