SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE VIEW projection.tenant_totals_of_users WITH (security_invoker = true) AS
SELECT
    r.tenant_id,
    count(*) AS users
FROM public.user_activity_view AS r
GROUP BY r.tenant_id;

COMMENT ON VIEW projection.tenant_totals_of_users IS 'What public.user_activity_view adds to projection.tenant_totals.';

REVOKE ALL ON projection.tenant_totals_of_users FROM public;
