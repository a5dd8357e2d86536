SELECT message_store.write_message(
    gen_random_uuid()::varchar, 'bet-' || gen_random_uuid(), 'BetPlaced',
    '{"user_id": "user-1", "stake": 10.5, "odds": 1.85, "fixture_id": "match-7"}'::jsonb,
    '{"idempotency_key": "key"}'::jsonb
);
