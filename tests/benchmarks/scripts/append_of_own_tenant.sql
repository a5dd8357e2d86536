-- The same from a connection that works for one tenant and has said so, as row-level security asks of betledger_tenant.
\set tenant :client_id + 1
\set user :tenant + 1000 * random(0, :users - 1)
\set key random(1, 4611686018427387904)
\set happened 1700000000000 + random(1, 1000000000)
\if :said = 0
SELECT set_config('app.tenant_id', :tenant::text, false);
\set said 1
\endif
INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
VALUES (
    gen_random_uuid(), :tenant, 'bet-' || gen_random_uuid(), 'V1_BETS_BET_PLACED',
    ('{"user_id": "user-' || :user || '", "stake": 10.5, "odds": 1.85, "fixture_id": "match-7"}')::jsonb,
    :happened, 1, ('{"idempotency_key": "key-' || :key || '"}')::jsonb
);
