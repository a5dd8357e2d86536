DROP TABLE ops.rebuilds;
