-- What one event costs inside the server: no client, no network, no wait for the disk. A call inserts n bets one by
-- one, each event in a transaction of its own, into the first bet_events on the search_path.
CREATE PROCEDURE bench_place(n integer) LANGUAGE plpgsql AS $$
DECLARE
    tenant bigint;
    happened bigint;
BEGIN
    FOR i IN 1..n LOOP
        tenant := 1 + (random() * 999)::integer;
        happened := 1700000000000 + (random() * 1e9)::bigint;
        INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
        VALUES (
            gen_random_uuid(), tenant, 'cost-' || gen_random_uuid(), 'V1_BETS_BET_PLACED',
            ('{"user_id": "user-' || tenant + 1000 * (random() * 9)::integer
                || '", "stake": 10.5, "odds": 1.85, "fixture_id": "match-7"}')::jsonb,
            happened, 1, ('{"idempotency_key": "cost-' || gen_random_uuid() || '"}')::jsonb
        );
        COMMIT;
    END LOOP;
END $$;

-- Placed, and confirmed in the same millisecond: two events whose times do not tell which is later.
CREATE PROCEDURE bench_tie(n integer) LANGUAGE plpgsql AS $$
DECLARE
    tenant bigint;
    happened bigint;
    bet text;
BEGIN
    FOR i IN 1..n LOOP
        tenant := 1 + (random() * 999)::integer;
        happened := 1700000000000 + (random() * 1e9)::bigint;
        bet := 'cost-' || gen_random_uuid();
        INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
        VALUES (
            gen_random_uuid(), tenant, bet, 'V1_BETS_BET_PLACED',
            ('{"user_id": "user-' || tenant + 1000 * (random() * 9)::integer
                || '", "stake": 10.5, "odds": 1.85, "fixture_id": "match-7"}')::jsonb,
            happened, 1, ('{"idempotency_key": "cost-' || gen_random_uuid() || '"}')::jsonb
        );
        COMMIT;
        INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
        VALUES (gen_random_uuid(), tenant, bet, 'V1_BETS_BET_CONFIRMED', '{}', happened, 1, NULL);
        COMMIT;
    END LOOP;
END $$;

-- Placed, confirmed and settled: a whole life.
CREATE PROCEDURE bench_life(n integer) LANGUAGE plpgsql AS $$
DECLARE
    tenant bigint;
    happened bigint;
    bet text;
BEGIN
    FOR i IN 1..n LOOP
        tenant := 1 + (random() * 999)::integer;
        happened := 1700000000000 + (random() * 1e9)::bigint;
        bet := 'cost-' || gen_random_uuid();
        INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
        VALUES (
            gen_random_uuid(), tenant, bet, 'V1_BETS_BET_PLACED',
            ('{"user_id": "user-' || tenant + 1000 * (random() * 9)::integer
                || '", "stake": 10.5, "odds": 1.85, "fixture_id": "match-7"}')::jsonb,
            happened, 1, ('{"idempotency_key": "cost-' || gen_random_uuid() || '"}')::jsonb
        );
        COMMIT;
        INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
        VALUES (gen_random_uuid(), tenant, bet, 'V1_BETS_BET_CONFIRMED', '{}', happened + 1, 1, NULL);
        COMMIT;
        INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
        VALUES (
            gen_random_uuid(), tenant, bet, 'V1_BETS_BET_SETTLED', '{"result": "win", "payout": 19.42}',
            happened + 2, 1, NULL
        );
        COMMIT;
    END LOOP;
END $$;
