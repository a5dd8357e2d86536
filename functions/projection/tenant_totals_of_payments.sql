SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE VIEW projection.tenant_totals_of_payments WITH (security_invoker = true) AS
SELECT
    r.tenant_id,
    coalesce(sum(r.amount) FILTER (WHERE r.type = 'deposit' AND r.status <> 'failed'), 0) AS deposits,
    coalesce(sum(r.amount) FILTER (WHERE r.type = 'withdrawal' AND r.status <> 'failed'), 0) AS withdrawals
FROM public.payments_view AS r
GROUP BY r.tenant_id;

COMMENT ON VIEW projection.tenant_totals_of_payments IS 'What public.payments_view adds to projection.tenant_totals.';

REVOKE ALL ON projection.tenant_totals_of_payments FROM public;
