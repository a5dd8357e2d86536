-- Double entry: from one of a thousand accounts of the house to that of a user, or back.
\set tenant random(1, :tenants)
\set user :tenant + :tenants * random(0, :users - 1)
\set house 1000000 + random(1, 1000)
\set amount random(1, 100)
\set is_withdrawal random(0, 1)
\if :is_withdrawal = 0
SELECT id FROM pgledger_create_transfer('bench-' || :house, 'bench-' || :user, :amount::numeric);
\else
SELECT id FROM pgledger_create_transfer('bench-' || :user, 'bench-' || :house, :amount::numeric);
\endif
