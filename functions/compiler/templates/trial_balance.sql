SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_trial_balance()
RETURNS void
LANGUAGE sql
AS $$
SELECT s.tenant_id, (SELECT t.currency FROM "{tenants}" AS t WHERE t.tenant_id = s.tenant_id),
    trim_scale(s.deposits), trim_scale(s.withdrawals), trim_scale(s.stakes), trim_scale(s.payouts),
    trim_scale(s.refunds), trim_scale(s.corrections), trim_scale(s.other_credits), trim_scale(s.other_debits),
    trim_scale(s.balances),
    -- What is kept is of now.
    CASE WHEN $2 IS NULL THEN (
        SELECT trim_scale(coalesce(sum(b.balance), 0)) FROM "{balances}" AS b
        WHERE b.tenant_id = s.tenant_id AND ($3 IS NULL OR b.user_id = $3)
    ) END
FROM (
    SELECT m.tenant_id,
        coalesce(sum(m.given - m.taken) FILTER (WHERE m.status LIKE 'deposit %'), 0) AS deposits,
        coalesce(sum(m.taken - m.given) FILTER (WHERE m.status LIKE 'withdrawal %'), 0) AS withdrawals,
        coalesce(sum(m.taken) FILTER (WHERE m.kind = 'bet' AND m.is_known), 0) AS stakes,
        coalesce(sum(m.given) FILTER (WHERE m.kind = 'bet' AND m.status = 'settled'), 0) AS payouts,
        coalesce(sum(m.given) FILTER (WHERE m.kind = 'bet' AND m.status <> 'settled'), 0) AS refunds,
        coalesce(sum(m.corrected), 0) AS corrections,
        coalesce(sum(m.given) FILTER (WHERE NOT m.is_known), 0) AS other_credits,
        coalesce(sum(m.taken) FILTER (WHERE NOT m.is_known), 0) AS other_debits,
        coalesce(sum(m.moved), 0) AS balances
    FROM (
        TABLE "{movements}"
    ) AS m
    WHERE $3 IS NULL OR $3 = coalesce(m.first_user_id, m.user_id)
    GROUP BY m.tenant_id
) AS s
ORDER BY s.tenant_id
$$;

COMMENT ON FUNCTION projection.template_trial_balance() IS
'Template: what the balances of a tenant come from: see ops.trial_balance().';

REVOKE ALL ON FUNCTION projection.template_trial_balance() FROM public;
