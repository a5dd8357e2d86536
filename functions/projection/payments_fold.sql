-- requires: functions/projection/event_rank.sql
SET LOCAL ROLE betledger_owner;

-- See projection.bets_fold for why max() over arrays.
CREATE OR REPLACE VIEW projection.payments_fold WITH (security_invoker = true) AS
SELECT
    f.tenant_id,
    f.payment_id,
    f.created[2] AS user_id,
    f.last_event[2] AS type,
    f.created[3]::numeric AS amount,
    f.last_event[3] AS status,
    f.created[4] AS idempotency_key,
    to_timestamp(f.first_ms / 1000.0::double precision) AS created_at,
    to_timestamp(f.last_ms / 1000.0::double precision) AS last_updated_at
FROM (
    SELECT
        p.tenant_id,
        p.aggregate_id AS payment_id,
        min(p."timestamp") AS first_ms,
        max(p."timestamp") AS last_ms,
        max(ARRAY[p.position, p.type, p.status]) AS last_event,
        max(ARRAY[
            p.position,
            p.event_data ->> 'user_id',
            p.event_data ->> 'amount',
            p.metadata ->> 'idempotency_key'
        ]) FILTER (WHERE p.status = 'created') AS created
    FROM (
        SELECT
            e.tenant_id,
            e.aggregate_id,
            e."timestamp",
            e.event_data,
            e.metadata,
            lower(split_part(e.event_type, '_', 3)) AS type,
            lower(split_part(e.event_type, '_', 4)) AS status,
            (
                lpad(e."timestamp"::text, 13, '0')
                || projection.event_rank(e.event_type)
                || e.id::text
            ) COLLATE "C" AS position
        FROM public.payment_events AS e
    ) AS p
    GROUP BY p.tenant_id, p.aggregate_id
) AS f;

COMMENT ON VIEW projection.payments_fold IS
'The fold of public.payment_events into public.payments_view. Events of one payment fold in order of time, then created before completed or failed, then id.';

REVOKE ALL ON projection.payments_fold FROM public;
