-- # One bet

-- Two tenants, 10001 and 10002, use one ledger. We are the trusted service, a member of betledger_app.
SET ROLE betledger_app;

-- anna of tenant 10001 deposits 100. The balance is there at once.
SELECT payment_id, type, amount, status, balance, duplicate
FROM public.deposit(10001, 'anna', 100.00, 'anna-deposit-1');

-- The network hiccups and the same request comes again: nothing is booked twice.
SELECT type, amount, balance, duplicate FROM public.deposit(10001, 'anna', 100, 'anna-deposit-1');

-- The same key with another amount is a mistake of the client, and is refused.
-- expect: BL005
SELECT * FROM public.deposit(10001, 'anna', 250, 'anna-deposit-1');

-- anna stakes 40 from her balance on match-7, at odds of 2.10.
SELECT user_id, stake, odds, fixture_id, status, duplicate
FROM public.place_bet(10001, 'anna', 40, 2.10, 'match-7', 'anna-bet-1', true);

-- The bet is confirmed, and wins: 84 are paid out to the balance.
SELECT status
FROM public.confirm_bet(
    10001, (SELECT bet_id FROM public.bets_view WHERE tenant_id = 10001 AND idempotency_key = 'anna-bet-1')
);

SELECT status, result, payout
FROM public.settle_bet(
    10001, (SELECT bet_id FROM public.bets_view WHERE tenant_id = 10001 AND idempotency_key = 'anna-bet-1'), 'win', 84
);

SELECT user_id, balance, transaction_count FROM public.user_balances_view WHERE tenant_id = 10001;

-- # What is refused

-- What is settled cannot be cancelled.
-- expect: BL003
SELECT * FROM public.cancel_bet(
    10001, (SELECT bet_id FROM public.bets_view WHERE tenant_id = 10001 AND idempotency_key = 'anna-bet-1')
);

-- An overdraft is refused, whatever else runs at the same time.
-- expect: BL004
SELECT * FROM public.withdraw(10001, 'anna', 1000, 'anna-withdrawal-1');

-- Nothing of it was stored, so the same key may be sent again with an amount that is there.
SELECT type, amount, status, balance FROM public.withdraw(10001, 'anna', 44, 'anna-withdrawal-1');

-- # A match, settled and corrected

-- Two more bets on match-8, in one call; anna's is staked from her balance.
SELECT item, user_id, stake, status
FROM public.place_bets(10001, '[
    {"user_id": "anna", "stake": 20, "odds": 1.5, "fixture_id": "match-8", "from_balance": true},
    {"user_id": "clara", "stake": 7, "odds": 2.8, "fixture_id": "match-8"}
]', 'slip-1');

-- The match is over, and all its bets are settled at once.
SELECT s.item, s.user_id, s.status, s.result, s.payout
FROM (
    SELECT jsonb_agg(jsonb_build_object(
        'bet_id', b.bet_id, 'result', CASE b.user_id WHEN 'anna' THEN 'win' ELSE 'loss' END,
        'payout', CASE b.user_id WHEN 'anna' THEN b.stake * b.odds ELSE 0 END
    ) ORDER BY b.user_id) AS items
    FROM public.bets_view AS b WHERE b.tenant_id = 10001 AND b.fixture_id = 'match-8'
) AS m CROSS JOIN LATERAL public.settle_bets(10001, m.items, 'match-8 is over') AS s;

-- The goal did not count: anna's bet is corrected, and the payout taken back.
SELECT status, result, payout
FROM public.resettle_bet(
    10001,
    (SELECT bet_id FROM public.bets_view WHERE tenant_id = 10001 AND fixture_id = 'match-8' AND user_id = 'anna'),
    'loss', 0, 'match-8 corrected'
);

-- # Her statement

-- Opening and closing balance, and between them each movement with what caused it.
SELECT entry, amount, balance, cause FROM public.balance_statement(10001, 'anna');

-- # The feed

-- Other systems read every event once, in an order in which none comes before one that was shown.
SELECT event_type, event_data ->> 'amount' AS amount, event_data ->> 'payout' AS payout FROM public.feed(10001);

-- A consumer keeps its place in the transaction in which it writes what it made of the events: each counts once,
-- however often it dies.
SELECT public.advance_consumer(10001, 'warehouse', NULL, max(f.feed_cursor)) AS warehouse_is_at
FROM public.feed(10001) AS f;

-- Clara deposits; only that is new to the warehouse.
SELECT user_id, balance FROM public.deposit(10001, 'clara', 25, 'clara-deposit-1');

SELECT f.event_type, f.aggregate_id
FROM public.consumers AS c CROSS JOIN LATERAL public.feed(c.tenant_id, c.feed_cursor) AS f
WHERE c.tenant_id = 10001 AND c.name = 'warehouse';

-- # Plain SQL, and walls

-- An application may also insert events itself, as this one of tenant 10002 does; the read tables follow in the same
-- transaction.
INSERT INTO public.bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
VALUES (
    gen_random_uuid(), 10002, 'bet-of-boris', 'V1_BETS_BET_PLACED',
    '{"user_id": "boris", "stake": "12.50", "odds": 1.85, "fixture_id": "match-7"}', 1767225600000, 1,
    '{"idempotency_key": "boris-bet-1"}'
);

-- His match is abandoned, and the bet cancelled.
SELECT user_id, stake, status FROM public.cancel_bet(10002, 'bet-of-boris', 'match abandoned');

-- A negative stake never gets in.
-- expect: BL001
SELECT * FROM public.place_bet(10002, 'boris', -5, 1.85, 'match-8', 'boris-bet-2');

-- History cannot be rewritten, not even by the superuser that we become for a moment.
RESET ROLE;

-- expect: BL010
DELETE FROM public.bet_events WHERE tenant_id = 10002;

-- Now as a tenant: a login in betledger_tenant sees nothing before it says who it is ...
SET ROLE betledger_tenant;

SELECT count(*) AS bets_without_a_tenant FROM public.bets_view;

-- ... then its own rows, and only these.
BEGIN;

SET LOCAL app.tenant_id = '10002';

SELECT tenant_id, bet_id, user_id, status FROM public.bets_view;

-- expect: BL006
SELECT * FROM public.bet_history(10001, 'bet-1');

-- # A busy evening

-- Back as the service: 10,000 bets of tenant 10002 in one call, and all of them settled in another.
SET ROLE betledger_app;

SELECT count(*) AS placed, sum(p.stake) AS staked
FROM public.place_bets(10002, (
    SELECT jsonb_agg(jsonb_build_object(
        'user_id', 'user-' || n % 700, 'stake', 1 + n % 20, 'odds', 1.5 + n % 8 * 0.25, 'fixture_id', 'match-9'
    )) FROM generate_series(1, 10000) AS n
), 'match-9 begins') AS p;

SELECT s.result, count(*) AS bets, sum(s.payout) AS paid_out
FROM (
    SELECT jsonb_agg(jsonb_build_object(
        'bet_id', b.bet_id, 'result', CASE WHEN b.odds < 2 THEN 'win' ELSE 'loss' END,
        'payout', CASE WHEN b.odds < 2 THEN b.stake * b.odds ELSE 0 END
    )) AS items
    FROM public.bets_view AS b WHERE b.tenant_id = 10002 AND b.fixture_id = 'match-9'
) AS m CROSS JOIN LATERAL public.settle_bets(10002, m.items, 'match-9 is over') AS s
GROUP BY s.result ORDER BY s.result;

-- The read tables were kept all along, in the same transactions.
SELECT tenant_id, user_id, bets, staked, paid_out, net_result, deposits, withdrawals
FROM public.user_activity_view ORDER BY net_result DESC, user_id LIMIT 5;

SELECT tenant_id, users, bets_settled, bets_cancelled, gross_gaming_revenue, balances
FROM public.tenants_summary_view ORDER BY tenant_id;
