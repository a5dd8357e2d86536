SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.void_bet(
    p_tenant_id bigint, p_bet_id text, p_reason text DEFAULT NULL, p_idempotency_key text DEFAULT NULL,
    p_allow_negative boolean DEFAULT false
)
RETURNS public.bet_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_stake numeric;
    v_result public.bet_result;
BEGIN
    SELECT b.stake INTO v_stake FROM public.bets_view AS b
    WHERE b.tenant_id = p_tenant_id AND b.bet_id = p_bet_id;
    IF v_stake IS NULL THEN
        -- At once: it may be placed before the next look.
        PERFORM projection.require_trusted(p_allow_negative);
        PERFORM projection.refuse_unseen('bet', p_bet_id, p_tenant_id);
    END IF;
    SELECT c.* INTO v_result FROM projection.correct_bet(
        p_tenant_id, p_bet_id, 'void', v_stake, p_reason, projection.key_of_call(p_idempotency_key), p_allow_negative
    ) AS c;
    RETURN v_result;
END
$$;

COMMENT ON FUNCTION public.void_bet(bigint, text, text, text, boolean) IS
'Voids a settled bet: corrects it to the result void and its stake as payout, as resettle_bet would, and by the same '
'event. (One that is not settled: cancel_bet.) Gives the row of bets_view; duplicate is true when the key was used '
'with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 not settled, or void, BL004 the '
'payout is spent, BL005 the key was used otherwise, BL006 foreign tenant, 42501 p_allow_negative by neither '
'betledger_app nor betledger_operator. Example: SELECT * FROM public.void_bet(10001, ''bet-1'', ''wrong odds'').';

REVOKE ALL ON FUNCTION public.void_bet(bigint, text, text, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION public.void_bet(bigint, text, text, text, boolean)
TO betledger_app, betledger_tenant, betledger_operator;
