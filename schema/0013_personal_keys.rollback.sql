DROP TABLE public.personal_keys;
