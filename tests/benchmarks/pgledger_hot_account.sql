\set to random(2, 10000)
SELECT * FROM pgledger_create_transfer(
    (SELECT id FROM bench_accounts WHERE n = 1), (SELECT id FROM bench_accounts WHERE n = :to), 10.5
);
