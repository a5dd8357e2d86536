-- A bet by its key, as the guide reads it.
\set tenant random(1, :tenants)
\set bet random(1, 100)
SELECT * FROM bets_view WHERE tenant_id = :tenant AND bet_id = 'read-' || :bet;
