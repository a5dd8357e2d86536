SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.confirm_bet(
    p_tenant_id bigint, p_bet_id text, p_idempotency_key text DEFAULT NULL
)
RETURNS public.bet_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_event record;
BEGIN
    p_idempotency_key := projection.key_of_call(p_idempotency_key);
    SELECT a.* INTO v_event FROM projection.append_to_bet(
        p_tenant_id, p_bet_id, 'V1_BETS_BET_CONFIRMED', '{}', p_idempotency_key
    ) AS a;
    RETURN projection.bet_result(p_tenant_id, p_bet_id, v_event.duplicate);
END
$$;

COMMENT ON FUNCTION public.confirm_bet(bigint, text, text) IS
'Confirms a placed bet. Gives the row of bets_view; duplicate is true when the key was used with the same arguments '
'before. Errors: BL001 bad argument, BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, '
'BL006 foreign tenant, BL008 suspended or closed tenant. Example: SELECT * FROM public.confirm_bet(10001, ''bet-1'').';

REVOKE ALL ON FUNCTION public.confirm_bet(bigint, text, text) FROM public;

GRANT EXECUTE ON FUNCTION public.confirm_bet(bigint, text, text) TO betledger_app, betledger_tenant;
