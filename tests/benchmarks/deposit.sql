\set tenant random(1, 100)
\set user random(1, 1000)
SELECT * FROM public.deposit(:tenant, 'user-' || :user, 10.5, gen_random_uuid()::text);
