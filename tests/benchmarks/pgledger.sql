\set from random(1, 10000)
\set step random(1, 9999)
SELECT * FROM pgledger_create_transfer(
    (SELECT id FROM bench_accounts WHERE n = :from), (SELECT id FROM bench_accounts WHERE n = (:from + :step - 1) % 10000 + 1), 10.5
);
