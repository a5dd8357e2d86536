DROP TABLE ops.rebuilds CASCADE;
