SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE VIEW projection.tenant_totals_of_balances WITH (security_invoker = true) AS
SELECT
    r.tenant_id,
    sum(r.balance) AS balances
FROM public.user_balances_view AS r
GROUP BY r.tenant_id;

COMMENT ON VIEW projection.tenant_totals_of_balances IS 'What public.user_balances_view adds to projection.tenant_totals.';

REVOKE ALL ON projection.tenant_totals_of_balances FROM public;
