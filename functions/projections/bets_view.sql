-- requires: functions/compiler/define.sql
SET LOCAL ROLE betledger_owner;

-- What one event says of its bet. Inlined wherever it is called: no SET clause, not volatile.
CREATE OR REPLACE FUNCTION projection.bet_of_event(e public.bet_events)
RETURNS TABLE (
    tenant_id bigint, bet_id text, user_id text, stake numeric, odds numeric, fixture_id text, status text,
    result text, payout numeric, idempotency_key text, created_at timestamptz, last_updated_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT
    e.tenant_id,
    e.aggregate_id,
    e.event_data ->> 'user_id',
    (e.event_data ->> 'stake')::numeric,
    (e.event_data ->> 'odds')::numeric,
    e.event_data ->> 'fixture_id',
    projection.event_status(e.event_type),
    e.event_data ->> 'result',
    (e.event_data ->> 'payout')::numeric,
    e.metadata ->> 'idempotency_key',
    projection.event_time(e."timestamp"),
    projection.event_time(e."timestamp")
$$;

COMMENT ON FUNCTION projection.bet_of_event(public.bet_events) IS
'The definition of public.bets_view: what one event says of its bet. How its columns gather that is in '
'projection.projections. Example: SELECT b.* FROM public.bet_events AS e, projection.bet_of_event(e) AS b.';

SELECT projection.define(
    'public.bets_view', '{projection.bet_of_event}',
    p_position => 10,
    p_latest => '[
        {"columns": ["status"], "by": "rank"},
        {"columns": ["user_id", "stake", "odds", "fixture_id", "idempotency_key"], "of": ["V1_BETS_BET_PLACED"]},
        {"columns": ["result", "payout"], "of": ["V1_BETS_BET_SETTLED", "V1_BETS_BET_SETTLEMENT_CORRECTED"]}
    ]',
    p_lowest => '{created_at}',
    p_highest => '{last_updated_at}'
);
