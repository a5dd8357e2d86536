-- A bet by its key, as the guide reads it; :bets is the table.
\set tenant random(1, 100)
\set bet random(1, 1000)
SELECT * FROM :bets WHERE tenant_id = :tenant AND bet_id = 'read-' || :bet;
