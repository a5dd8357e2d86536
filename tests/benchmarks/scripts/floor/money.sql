-- One event of a balance.
\set tenant random(1, :tenants)
\set user :tenant + :tenants * random(0, :users - 1)
\set key random(1, 4611686018427387904)
\set amount random(1, 100)
\set happened 1700000000000 + random(1, 1000000000)
INSERT INTO balance_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
VALUES (
    gen_random_uuid(), :tenant, 'balance-user-' || :user, 'V1_BALANCES_BALANCE_INCREASED',
    ('{"user_id": "user-' || :user || '", "amount": ' || :amount || '}')::jsonb,
    :happened, 1, ('{"idempotency_key": "key-' || :key || '"}')::jsonb
);
