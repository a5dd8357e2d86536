SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE VIEW projection.tenant_totals_of_bets WITH (security_invoker = true) AS
SELECT
    r.tenant_id,
    count(*) FILTER (WHERE r.status = 'placed') AS bets_placed,
    count(*) FILTER (WHERE r.status = 'confirmed') AS bets_confirmed,
    count(*) FILTER (WHERE r.status = 'settled') AS bets_settled,
    count(*) FILTER (WHERE r.status = 'cancelled') AS bets_cancelled,
    coalesce(sum(r.stake) FILTER (WHERE r.status <> 'cancelled'), 0) AS staked,
    coalesce(sum(r.payout) FILTER (WHERE r.status = 'settled'), 0) AS paid_out,
    coalesce(sum(r.stake - r.payout) FILTER (WHERE r.status = 'settled'), 0) AS gross_gaming_revenue
FROM public.bets_view AS r
GROUP BY r.tenant_id;

COMMENT ON VIEW projection.tenant_totals_of_bets IS 'What public.bets_view adds to projection.tenant_totals.';

REVOKE ALL ON projection.tenant_totals_of_bets FROM public;
