\set tenant random(1, :tenants)
\set user :tenant + :tenants * random(0, :users - 1)
\set key random(1, 4611686018427387904)
\set amount random(1, 100)
\set is_withdrawal random(0, 1)
\if :is_withdrawal = 0
SELECT * FROM deposit(:tenant, 'user-' || :user, :amount::numeric, 'key-' || :key);
\else
SELECT * FROM withdraw(:tenant, 'user-' || :user, :amount::numeric, 'key-' || :key);
\endif
