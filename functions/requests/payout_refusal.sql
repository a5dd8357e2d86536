SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.payout_refusal(p_result text, p_payout numeric, p_stake text)
RETURNS projection.refusal
LANGUAGE sql STABLE
AS $$
    SELECT CASE
        WHEN p_result = 'loss' AND p_payout <> 0 OR p_result = 'win' AND p_payout = 0 THEN ROW(
            'BL001', format('payout of a %s is %s', p_result, left(p_payout::text, 100)),
            'Send 0 for a loss, more for a win, the stake for a void bet.'
        )::projection.refusal
        WHEN p_result = 'void' AND p_payout <> p_stake::numeric THEN ROW(
            'BL001', format('payout of a void bet is %s', left(p_payout::text, 100)),
            format('Send its stake, %s.', p_stake)
        )::projection.refusal
    END
$$;

COMMENT ON FUNCTION projection.payout_refusal(text, numeric, text) IS
'The refusal of a payout that contradicts the result, or the stake where that is known; null where they agree. '
'Example: SELECT * FROM projection.payout_refusal(''win'', 0, NULL).';

REVOKE ALL ON FUNCTION projection.payout_refusal(text, numeric, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.payout_refusal(text, numeric, text) TO betledger_app, betledger_tenant;
