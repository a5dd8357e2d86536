DROP TABLE public.user_stakes;
