SET LOCAL ROLE betledger_owner;

CREATE TABLE ops.maintenance_runs (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    command text NOT NULL,
    only_tenant bigint,
    found bigint,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT maintenance_runs_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE ops.maintenance_runs IS
'What was looked after, and when: written by ops.verify_projections(), ops.rebuild_projection() and '
'ops.purge_idempotency_keys() as they end, read by `betledger status`. Runs of more than a year ago are forgotten.';
COMMENT ON COLUMN ops.maintenance_runs.id IS 'Tells runs apart.';
COMMENT ON COLUMN ops.maintenance_runs.command IS 'verify, rebuild or purge.';
COMMENT ON COLUMN ops.maintenance_runs.only_tenant IS 'The tenant that it was for; null for all.';
COMMENT ON COLUMN ops.maintenance_runs.found IS 'verify: the rows that differed. null for the others.';
COMMENT ON COLUMN ops.maintenance_runs.finished_at IS 'When it ended.';

REVOKE ALL ON ops.maintenance_runs FROM public;

GRANT SELECT ON ops.maintenance_runs TO betledger_operator;
