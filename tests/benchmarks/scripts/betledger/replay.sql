-- The first bet of a tenant, sent again: the bet is the answer, and duplicate is true.
\set tenant random(1, :tenants)
SELECT * FROM place_bet(:tenant, 'user-' || :tenant, 10.5, 1.85, 'match-7', 'first');
