SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.resettle_bet(
    p_tenant_id bigint, p_bet_id text, p_result text, p_payout numeric, p_idempotency_key text DEFAULT NULL,
    p_allow_negative boolean DEFAULT false, p_reason text DEFAULT NULL
)
RETURNS public.bet_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_result public.bet_result;
BEGIN
    SELECT c.* INTO v_result FROM projection.correct_bet(
        p_tenant_id, p_bet_id, p_result, p_payout, p_reason, projection.key_of_call(p_idempotency_key),
        p_allow_negative
    ) AS c;
    RETURN v_result;
END
$$;

COMMENT ON FUNCTION public.resettle_bet(bigint, text, text, numeric, text, boolean, text) IS
'Corrects a settled bet: it gets another result and payout, as settle_bet takes them, as often as that is needed. '
'Where balance events name the bet, the difference of the payouts goes to the balance, or is taken from it; with '
'p_allow_negative even below zero, and then nothing else is taken from it until it is covered. Gives the row of '
'bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 '
'no such bet, BL003 not settled, or settled so, BL004 the payout is spent, BL005 the key was used otherwise, BL006 '
'foreign tenant, 42501 p_allow_negative by neither betledger_app nor betledger_operator. Example: SELECT * FROM '
'public.resettle_bet(10001, ''bet-1'', ''loss'', 0).';

REVOKE ALL ON FUNCTION public.resettle_bet(bigint, text, text, numeric, text, boolean, text) FROM public;

GRANT EXECUTE ON FUNCTION public.resettle_bet(bigint, text, text, numeric, text, boolean, text)
TO betledger_app, betledger_tenant, betledger_operator;
