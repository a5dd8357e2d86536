\set tenant random(1, :tenants)
\set user random(1, 1000)
SELECT * FROM public.place_bet(:tenant, 'user-' || :user, 10.5, 1.85, 'match-7', gen_random_uuid()::text);
