-- The first bet of a tenant, sent again: the key is looked for, is there, and the bet is the answer.
\set tenant random(1, :tenants)
BEGIN;
SELECT count(*) AS found FROM (
    SELECT bet_id FROM bets_view WHERE tenant_id = :tenant AND idempotency_key = 'first' LIMIT 1
) AS b \gset
\if :found = 0
INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
VALUES (
    gen_random_uuid(), :tenant, 'bet-' || gen_random_uuid(), 'V1_BETS_BET_PLACED',
    ('{"user_id": "user-' || :tenant || '", "stake": 10.5, "odds": 1.85, "fixture_id": "match-7"}')::jsonb,
    1700000000000, 1, '{"idempotency_key": "first"}'
);
\else
SELECT * FROM bets_view WHERE tenant_id = :tenant AND idempotency_key = 'first';
\endif
COMMIT;
