DROP TABLE public.consumers;

-- CASCADE: the functions that read them go, too; `betledger migrate` makes them again.
DROP SEQUENCE projection.feed_numbers, projection.feed_era, projection.feed_floor, projection.feed_start CASCADE;
