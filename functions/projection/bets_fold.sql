-- requires: functions/projection/event_rank.sql
SET LOCAL ROLE betledger_owner;

-- max() over arrays that begin with the position of the event (time, rank of the kind, id; fixed width) picks the
-- last event of each kind. It needs no sort, and cannot depend on the order in which the events come.
CREATE OR REPLACE VIEW projection.bets_fold WITH (security_invoker = true) AS
SELECT
    f.tenant_id,
    f.bet_id,
    f.placed[2] AS user_id,
    f.placed[3]::numeric AS stake,
    f.placed[4]::numeric AS odds,
    f.placed[5] AS fixture_id,
    f.last_event[2] AS status,
    f.settled[2] AS result,
    f.settled[3]::numeric AS payout,
    f.placed[6] AS idempotency_key,
    to_timestamp(f.first_ms / 1000.0::double precision) AS created_at,
    to_timestamp(f.last_ms / 1000.0::double precision) AS last_updated_at
FROM (
    SELECT
        p.tenant_id,
        p.aggregate_id AS bet_id,
        min(p."timestamp") AS first_ms,
        max(p."timestamp") AS last_ms,
        max(ARRAY[p.position, p.status]) AS last_event,
        max(ARRAY[
            p.position,
            p.event_data ->> 'user_id',
            p.event_data ->> 'stake',
            p.event_data ->> 'odds',
            p.event_data ->> 'fixture_id',
            p.metadata ->> 'idempotency_key'
        ]) FILTER (WHERE p.event_type = 'V1_BETS_BET_PLACED') AS placed,
        max(ARRAY[
            p.position,
            p.event_data ->> 'result',
            p.event_data ->> 'payout'
        ]) FILTER (WHERE p.event_type = 'V1_BETS_BET_SETTLED') AS settled
    FROM (
        SELECT
            e.tenant_id,
            e.aggregate_id,
            e."timestamp",
            e.event_type,
            e.event_data,
            e.metadata,
            lower(substr(e.event_type, 13)) AS status,
            (
                lpad(e."timestamp"::text, 13, '0')
                || projection.event_rank(e.event_type)
                || e.id::text
            ) COLLATE "C" AS position
        FROM public.bet_events AS e
    ) AS p
    GROUP BY p.tenant_id, p.aggregate_id
) AS f;

COMMENT ON VIEW projection.bets_fold IS
'The fold of public.bet_events into public.bets_view. Events of one bet fold in order of time, then placed, confirmed, settled or cancelled, then id.';

REVOKE ALL ON projection.bets_fold FROM public;
