SELECT * FROM public.deposit(1, 'hot', 10.5, gen_random_uuid()::text);
