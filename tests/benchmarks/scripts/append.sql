-- A bet is placed by a plain INSERT, as a client of the guide sends it.
\set tenant random(1, :tenants)
\set user :tenant + :tenants * random(0, :users - 1)
\set key random(1, 4611686018427387904)
\set happened 1700000000000 + random(1, 1000000000)
INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
VALUES (
    gen_random_uuid(), :tenant, 'bet-' || gen_random_uuid(), 'V1_BETS_BET_PLACED',
    ('{"user_id": "user-' || :user || '", "stake": 10.5, "odds": 1.85, "fixture_id": "match-7"}')::jsonb,
    :happened, 1, ('{"idempotency_key": "key-' || :key || '"}')::jsonb
);
