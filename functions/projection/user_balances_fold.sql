SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE VIEW projection.user_balances_fold WITH (security_invoker = true) AS
SELECT
    e.tenant_id,
    e.event_data ->> 'user_id' AS user_id,
    sum(
        CASE e.event_type WHEN 'V1_BALANCES_BALANCE_INCREASED' THEN 1 ELSE -1 END
        * (e.event_data ->> 'amount')::numeric
    ) AS balance,
    count(*)::integer AS transaction_count,
    to_timestamp(max(e."timestamp") / 1000.0::double precision) AS last_transaction_at
FROM public.balance_events AS e
GROUP BY e.tenant_id, e.event_data ->> 'user_id';

COMMENT ON VIEW projection.user_balances_fold IS
'The fold of public.balance_events into public.user_balances_view: a sum, so that no order matters.';

REVOKE ALL ON projection.user_balances_fold FROM public;
