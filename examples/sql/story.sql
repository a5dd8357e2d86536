-- One evening of anna, as a service of her tenant sees it. Each paragraph is a transaction; amounts are exact decimals.

-- A login of betledger_tenant sees and writes nothing before it has said which tenant it is.
SELECT count(*) FROM bets_view;
SELECT * FROM deposit(10001, 'anna', 100, 'evening/pay');
\echo :SQLSTATE

-- In a transaction that says so, she pays in, and stakes 40 of it on a match.
BEGIN;
SET LOCAL app.tenant_id = '10001';
SELECT type, amount, status, balance, duplicate FROM deposit(10001, 'anna', 100, 'evening/pay');
SELECT bet_id, stake, odds, status FROM place_bet(10001, 'anna', 40, 2.10, 'match-7', 'evening/bet', true) \gset bet_
SELECT :'bet_stake' AS stake, :'bet_status' AS status;
COMMIT;

-- The answer was lost, so the client sends the same again, with the same key: one effect.
BEGIN;
SET LOCAL app.tenant_id = '10001';
SELECT bet_id = :'bet_bet_id' AS same_bet, status, duplicate
FROM place_bet(10001, 'anna', 40, 2.10, 'match-7', 'evening/bet', true);
SELECT balance FROM user_balances_view WHERE tenant_id = 10001 AND user_id = 'anna';
COMMIT;

-- With another stake it is something else, and refused.
BEGIN;
SET LOCAL app.tenant_id = '10001';
SELECT * FROM place_bet(10001, 'anna', 50, 2.10, 'match-7', 'evening/bet', true);
\echo :SQLSTATE
ROLLBACK;

-- She has 60 left: 61 are not hers to take.
BEGIN;
SET LOCAL app.tenant_id = '10001';
SELECT * FROM withdraw(10001, 'anna', 61, 'evening/out');
\echo :SQLSTATE
ROLLBACK;

-- The match is over, and she has won: what the bet pays is on her balance in the same transaction.
BEGIN;
SET LOCAL app.tenant_id = '10001';
SELECT status, result, payout FROM settle_bet(10001, :'bet_bet_id', 'win', 84, 'match-7/over');
SELECT balance FROM user_balances_view WHERE tenant_id = 10001 AND user_id = 'anna';
COMMIT;

-- What is settled is not cancelled any more.
BEGIN;
SET LOCAL app.tenant_id = '10001';
SELECT * FROM cancel_bet(10001, :'bet_bet_id', 'second thoughts', 'evening/cancel');
\echo :SQLSTATE
ROLLBACK;

-- The refused withdrawal has used no key: now that the money is there, it goes through.
BEGIN;
SET LOCAL app.tenant_id = '10001';
SELECT amount, status, balance, duplicate FROM withdraw(10001, 'anna', 61, 'evening/out');
COMMIT;

-- Where every amount came from, and what the bet went through.
BEGIN;
SET LOCAL app.tenant_id = '10001';
SELECT entry, amount, balance, cause FROM balance_statement(10001, 'anna');
SELECT event_type, event_data ->> 'payout' AS payout FROM bet_history(10001, :'bet_bet_id');
COMMIT;

-- A service of another tenant sees none of it, whatever it asks for.
BEGIN;
SET LOCAL app.tenant_id = '10002';
SELECT count(*) FROM bets_view;
SELECT * FROM bet_history(10001, :'bet_bet_id');
\echo :SQLSTATE
ROLLBACK;

-- The warehouse reads what has happened, in an order that skips nothing, and keeps its place beside what it makes of it.
BEGIN;
SET LOCAL app.tenant_id = '10001';
SELECT event_type, event_data ->> 'amount' AS amount FROM feed(10001);
SELECT count(*) FROM (
    SELECT advance_consumer(10001, 'warehouse', NULL, max(f.feed_cursor)) FROM feed(10001) AS f
) AS advanced;
COMMIT;
BEGIN;
SET LOCAL app.tenant_id = '10001';
SELECT count(*) FROM feed(
    10001, (SELECT c.feed_cursor FROM consumers AS c WHERE c.tenant_id = 10001 AND c.name = 'warehouse')
);
COMMIT;
