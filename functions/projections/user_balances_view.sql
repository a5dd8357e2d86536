-- requires: functions/compiler/define.sql
SET LOCAL ROLE betledger_owner;

-- What one event adds to the balance of its user. Inlined wherever it is called: no SET clause, not volatile.
CREATE OR REPLACE FUNCTION projection.balance_of_event(e public.balance_events)
RETURNS TABLE (
    tenant_id bigint, user_id text, balance numeric, transaction_count integer, last_transaction_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT
    e.tenant_id,
    e.event_data ->> 'user_id',
    CASE projection.event_kind(e.event_type)
        WHEN 'credit' THEN (e.event_data ->> 'amount')::numeric
        WHEN 'debit' THEN -(e.event_data ->> 'amount')::numeric
    END,
    1,
    projection.event_time(e."timestamp")
$$;

COMMENT ON FUNCTION projection.balance_of_event(public.balance_events) IS
'The definition of public.user_balances_view: what one event adds to the balance of its user. '
'Example: SELECT b.* FROM public.balance_events AS e, projection.balance_of_event(e) AS b.';

SELECT projection.define(
    'public.user_balances_view', '{projection.balance_of_event}',
    p_position => 40,
    p_highest => '{last_transaction_at}'
);
