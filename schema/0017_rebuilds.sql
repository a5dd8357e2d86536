SET LOCAL ROLE betledger_owner;

CREATE TABLE ops.rebuilds (
    asked_for text NOT NULL,
    only_tenant bigint NOT NULL,
    made_from text NOT NULL,
    read_tables text[] NOT NULL,
    positions jsonb,
    rows_done bigint NOT NULL DEFAULT 0,
    rows_different bigint NOT NULL DEFAULT 0,
    rows_total bigint NOT NULL DEFAULT 0,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT rebuilds_pkey PRIMARY KEY (asked_for, only_tenant)
);

COMMENT ON TABLE ops.rebuilds IS
'The rebuilds that have begun and not ended, and how far each has come: one that was killed goes on from there. '
'Written by ops.rebuild_projection() after each batch, read by `betledger status` and ops.metrics().';
COMMENT ON COLUMN ops.rebuilds.asked_for IS 'The read table that was asked for; empty for all of them.';
COMMENT ON COLUMN ops.rebuilds.only_tenant IS 'The tenant that it is for; 0 for all.';
COMMENT ON COLUMN ops.rebuilds.made_from IS
'projection.rebuild_basis() as it began: a rebuild that finds another one begins at the start.';
COMMENT ON COLUMN ops.rebuilds.read_tables IS 'The read tables that are left, the one under way first.';
COMMENT ON COLUMN ops.rebuilds.positions IS
'Of the read table under way: the last key that is done, as {"tenant_id": ..., "key": ...}, by shard (0 on one '
'server); null for a shard that is done. No positions when the whole read table is done. Null may be: positions.';
COMMENT ON COLUMN ops.rebuilds.rows_done IS 'Of the read table under way: the rows that are done.';
COMMENT ON COLUMN ops.rebuilds.rows_different IS 'Of these, the ones that were not what their sources say.';
COMMENT ON COLUMN ops.rebuilds.rows_total IS
'Of the read table under way: the rows that there are, as PostgreSQL estimates.';
COMMENT ON COLUMN ops.rebuilds.began_at IS 'When it began.';
COMMENT ON COLUMN ops.rebuilds.moved_at IS 'When it came as far as this.';

REVOKE ALL ON ops.rebuilds FROM public;

GRANT SELECT ON ops.rebuilds TO betledger_operator;
