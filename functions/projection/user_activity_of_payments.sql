SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE VIEW projection.user_activity_of_payments WITH (security_invoker = true) AS
SELECT
    r.tenant_id,
    r.user_id,
    coalesce(sum(r.amount) FILTER (WHERE r.type = 'deposit' AND r.status <> 'failed'), 0) AS deposits,
    coalesce(sum(r.amount) FILTER (WHERE r.type = 'withdrawal' AND r.status <> 'failed'), 0) AS withdrawals,
    min(r.created_at) AS first_activity_at,
    max(r.last_updated_at) AS last_activity_at
FROM public.payments_view AS r
WHERE r.user_id IS NOT NULL
GROUP BY r.tenant_id, r.user_id;

COMMENT ON VIEW projection.user_activity_of_payments IS 'What public.payments_view adds to public.user_activity_view.';

REVOKE ALL ON projection.user_activity_of_payments FROM public;
