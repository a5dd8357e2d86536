SET LOCAL ROLE betledger_owner;

CREATE TABLE projection.projections (
    read_table text NOT NULL,
    kind text NOT NULL,
    key_columns text[] NOT NULL,
    position integer NOT NULL,
    latest jsonb NOT NULL,
    lowest_columns text[] NOT NULL,
    highest_columns text[] NOT NULL,
    slots integer NOT NULL,
    folded_by text,
    CONSTRAINT projections_pkey PRIMARY KEY (read_table),
    CONSTRAINT projections_kind CHECK (kind IN ('state', 'sum', 'slots'))
);

COMMENT ON TABLE projection.projections IS
'The read tables, and how each column gathers what is said of it. Written by projection.define(); compiled into '
'triggers, rebuild and verify by `betledger migrate`.';
COMMENT ON COLUMN projection.projections.read_table IS 'The read table, with its schema.';
COMMENT ON COLUMN projection.projections.kind IS
'state: the row is what the events of its stream say, in their order. sum: all that is said of the row is added up. '
'slots: as sum, over several rows of a tenant, so that its writers need not wait for each other.';
COMMENT ON COLUMN projection.projections.key_columns IS 'The primary key; tenant_id first.';
COMMENT ON COLUMN projection.projections.position IS
'Tables are written, and their rows locked, in this order everywhere.';
COMMENT ON COLUMN projection.projections.latest IS
'The columns that hold what the latest event said, as [{"columns": [...], "of": [event types], "by": "rank"}]; '
'of all types without "of"; with "by", what the latest event of the highest rank said: a settled bet stays settled, '
'whatever comes later. Columns named together are said together; the first of them is never null when they are said.';
COMMENT ON COLUMN projection.projections.lowest_columns IS 'Columns that hold the lowest value that was said.';
COMMENT ON COLUMN projection.projections.highest_columns IS 'Columns that hold the highest value that was said.';
COMMENT ON COLUMN projection.projections.slots IS 'How many rows of a tenant share what is added; 1 but for slots.';
COMMENT ON COLUMN projection.projections.folded_by IS
'projection.definition_hash() when all rows were folded last; another one now, or null: betledger rebuild is due.';

CREATE TABLE projection.sources (
    definition text NOT NULL,
    source_table text NOT NULL,
    read_table text NOT NULL REFERENCES projection.projections (read_table) ON DELETE CASCADE,
    CONSTRAINT sources_pkey PRIMARY KEY (definition)
);

COMMENT ON TABLE projection.sources IS
'The definitions: each is a function of one row of its source (an event table, or another read table), the only text '
'that says what this row says of the read table. Written by projection.define().';
COMMENT ON COLUMN projection.sources.definition IS
'The function, with its schema. Its columns are columns of the read table; of the ones left out it says nothing.';
COMMENT ON COLUMN projection.sources.source_table IS 'The table whose rows it takes, with its schema.';
COMMENT ON COLUMN projection.sources.read_table IS 'The read table that it speaks of.';

REVOKE ALL ON projection.projections, projection.sources FROM public;

GRANT SELECT ON projection.projections, projection.sources
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
