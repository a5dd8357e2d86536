-- Look for the key, then insert the payment and the change of the balance, in one transaction.
\set tenant random(1, :tenants)
\set user :tenant + :tenants * random(0, :users - 1)
\set key random(1, 4611686018427387904)
\set amount random(1, 100)
\set is_withdrawal random(0, 1)
\set happened 1700000000000 + random(1, 1000000000)
BEGIN;
SELECT payment_id, status FROM payments_view WHERE tenant_id = :tenant AND idempotency_key = 'key-' || :key LIMIT 1;
\if :is_withdrawal = 0
INSERT INTO payment_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
VALUES (
    gen_random_uuid(), :tenant, 'payment-' || :key,
    'V1_PAYMENTS_DEPOSIT_CREATED',
    ('{"user_id": "user-' || :user || '", "amount": ' || :amount || '}')::jsonb,
    :happened, 1, ('{"idempotency_key": "key-' || :key || '"}')::jsonb
);
INSERT INTO balance_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
VALUES (
    gen_random_uuid(), :tenant, 'balance-user-' || :user,
    'V1_BALANCES_BALANCE_INCREASED',
    ('{"user_id": "user-' || :user || '", "amount": ' || :amount || ', "payment_id": "payment-' || :key || '"}')::jsonb,
    :happened, 1, ('{"idempotency_key": "key-' || :key || '"}')::jsonb
);
\else
INSERT INTO payment_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
VALUES (
    gen_random_uuid(), :tenant, 'payment-' || :key,
    'V1_PAYMENTS_WITHDRAWAL_CREATED',
    ('{"user_id": "user-' || :user || '", "amount": ' || :amount || '}')::jsonb,
    :happened, 1, ('{"idempotency_key": "key-' || :key || '"}')::jsonb
);
INSERT INTO balance_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
VALUES (
    gen_random_uuid(), :tenant, 'balance-user-' || :user,
    'V1_BALANCES_BALANCE_DECREASED',
    ('{"user_id": "user-' || :user || '", "amount": ' || :amount || ', "payment_id": "payment-' || :key || '"}')::jsonb,
    :happened, 1, ('{"idempotency_key": "key-' || :key || '"}')::jsonb
);
\endif
COMMIT;
