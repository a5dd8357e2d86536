-- The id is made from the key, so that the key holds once; a replay would be an error, not an answer.
\set tenant random(1, :tenants)
\set user :tenant + :tenants * random(0, :users - 1)
\set key random(1, 4611686018427387904)
SELECT write_message(
    md5('key-' || :key)::uuid::varchar, ('bet_tenant' || :tenant || '-' || gen_random_uuid())::varchar,
    'BetPlaced'::varchar,
    ('{"user_id": "user-' || :user || '", "stake": 10.5, "odds": 1.85, "fixture_id": "match-7"}')::jsonb,
    ('{"idempotency_key": "key-' || :key || '"}')::jsonb, -1
);
