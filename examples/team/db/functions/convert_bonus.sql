SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.convert_bonus(p_tenant_id bigint, p_bonus_id text)
RETURNS public.bonus_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_bonus record;
BEGIN
    SELECT b.* INTO v_bonus
    FROM projection.end_bonus(p_tenant_id, p_bonus_id, 'V1_BONUSES_BONUS_CONVERTED', '{}') AS b;
    IF NOT v_bonus.duplicate THEN
        -- Without ON CONFLICT: should an event have this id, the bonus is not converted.
        INSERT INTO public.balance_events (
            id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata
        )
        VALUES (
            projection.event_id(p_tenant_id, 'convert_bonus balance', p_bonus_id), p_tenant_id,
            'balance-' || v_bonus.user_id, 'V1_BALANCES_BALANCE_INCREASED',
            jsonb_build_object('user_id', v_bonus.user_id, 'amount', v_bonus.amount, 'bonus_id', p_bonus_id),
            v_bonus.event_time, 1, jsonb_build_object('related_to', p_bonus_id)
        );
    END IF;
    RETURN projection.bonus_result(p_tenant_id, p_bonus_id, v_bonus.duplicate);
END
$$;

COMMENT ON FUNCTION public.convert_bonus(bigint, text) IS
'Converts a granted bonus into money: its amount goes to the balance of its user. Needs no key, as a bonus is '
'converted once: a repeated call gives the row of bonuses_view and duplicate = true. Errors: BL001 bad tenant, BL002 '
'no such bonus, BL003 it has expired, BL006 foreign tenant, BL008 suspended or closed tenant. Example: SELECT * FROM '
'public.convert_bonus(10001, ''bonus-1'').';

REVOKE ALL ON FUNCTION public.convert_bonus(bigint, text) FROM public;

GRANT EXECUTE ON FUNCTION public.convert_bonus(bigint, text) TO betledger_app, betledger_tenant;
