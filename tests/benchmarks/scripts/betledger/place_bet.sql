\set tenant random(1, :tenants)
\set user :tenant + :tenants * random(0, :users - 1)
\set key random(1, 4611686018427387904)
SELECT * FROM place_bet(:tenant, 'user-' || :user, 10.5, 1.85, 'match-7', 'key-' || :key);
