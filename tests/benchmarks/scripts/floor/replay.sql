-- The first bet of a tenant, sent again.
\set tenant random(1, :tenants)
INSERT INTO keyed_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
VALUES (
    gen_random_uuid(), :tenant, 'bet-' || gen_random_uuid(), 'V1_BETS_BET_PLACED',
    ('{"user_id": "user-' || :tenant || '", "stake": 10.5, "odds": 1.85, "fixture_id": "match-7"}')::jsonb,
    1700000000000, 1, '{"idempotency_key": "first"}'
) ON CONFLICT (tenant_id, (metadata ->> 'idempotency_key')) DO NOTHING RETURNING aggregate_id;
