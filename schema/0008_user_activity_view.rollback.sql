DROP TABLE public.user_activity_view;
