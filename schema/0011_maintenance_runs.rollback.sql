DROP TABLE ops.maintenance_runs;
