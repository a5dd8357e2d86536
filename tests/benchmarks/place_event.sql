-- A placed bet as a client inserts it; :events is the table.
\set tenant random(1, 100)
\set user random(1, 1000)
INSERT INTO :events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
VALUES (
    gen_random_uuid(), :tenant, 'bet-' || gen_random_uuid(), 'V1_BETS_BET_PLACED',
    jsonb_build_object('user_id', 'user-' || :user, 'stake', 10.5, 'odds', 1.85, 'fixture_id', 'match-7'),
    (extract(EPOCH FROM clock_timestamp()) * 1000)::bigint, 1, jsonb_build_object('idempotency_key', gen_random_uuid())
);
