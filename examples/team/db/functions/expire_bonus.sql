SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.expire_bonus(p_tenant_id bigint, p_bonus_id text, p_reason text DEFAULT NULL)
RETURNS public.bonus_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_duplicate boolean;
BEGIN
    SELECT b.duplicate INTO v_duplicate
    FROM projection.end_bonus(
        p_tenant_id, p_bonus_id, 'V1_BONUSES_BONUS_EXPIRED',
        CASE WHEN p_reason IS NULL THEN '{}' ELSE jsonb_build_object('reason', p_reason) END
    ) AS b;
    RETURN projection.bonus_result(p_tenant_id, p_bonus_id, v_duplicate);
END
$$;

COMMENT ON FUNCTION public.expire_bonus(bigint, text, text) IS
'Ends a granted bonus, which pays nothing. Needs no key, as a bonus expires once: a repeated call gives the row of '
'bonuses_view and duplicate = true, whatever its reason. Errors: BL001 bad argument, BL002 no such bonus, BL003 it is '
'converted, BL006 foreign tenant, BL008 suspended or closed tenant. Example: SELECT * FROM '
'public.expire_bonus(10001, ''bonus-1'', ''not claimed'').';

REVOKE ALL ON FUNCTION public.expire_bonus(bigint, text, text) FROM public;

GRANT EXECUTE ON FUNCTION public.expire_bonus(bigint, text, text) TO betledger_app, betledger_tenant;
