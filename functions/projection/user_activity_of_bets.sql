SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE VIEW projection.user_activity_of_bets WITH (security_invoker = true) AS
SELECT
    r.tenant_id,
    r.user_id,
    count(*)::integer AS bets,
    (count(*) FILTER (WHERE r.status IN ('placed', 'confirmed')))::integer AS open_bets,
    coalesce(sum(r.stake) FILTER (WHERE r.status <> 'cancelled'), 0) AS staked,
    coalesce(sum(r.payout) FILTER (WHERE r.status = 'settled'), 0) AS paid_out,
    coalesce(sum(r.payout - r.stake) FILTER (WHERE r.status = 'settled'), 0) AS net_result,
    min(r.created_at) AS first_activity_at,
    max(r.last_updated_at) AS last_activity_at
FROM public.bets_view AS r
WHERE r.user_id IS NOT NULL
GROUP BY r.tenant_id, r.user_id;

COMMENT ON VIEW projection.user_activity_of_bets IS 'What public.bets_view adds to public.user_activity_view.';

REVOKE ALL ON projection.user_activity_of_bets FROM public;
