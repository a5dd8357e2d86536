SET LOCAL ROLE betledger_owner;

CREATE TABLE projection.projections (
    read_table text NOT NULL,
    kind text NOT NULL,
    key_columns text[] NOT NULL,
    lowest_columns text[] NOT NULL DEFAULT '{}',
    highest_columns text[] NOT NULL DEFAULT '{}',
    position integer NOT NULL,
    CONSTRAINT projections_pkey PRIMARY KEY (read_table),
    CONSTRAINT projections_kind CHECK (kind IN ('state', 'sum', 'slots'))
);

COMMENT ON TABLE projection.projections IS
'The read tables, and how a change reaches them. projection.compile_event_table() makes triggers, rebuild and checks from this and the folds.';
COMMENT ON COLUMN projection.projections.read_table IS 'The read table, with its schema.';
COMMENT ON COLUMN projection.projections.kind IS
'state: the row is folded anew from all events of its stream. sum: what the new events fold to is added to the row. slots: as sum, over several rows of a tenant.';
COMMENT ON COLUMN projection.projections.key_columns IS 'The primary key; tenant_id first.';
COMMENT ON COLUMN projection.projections.lowest_columns IS 'Columns of a sum that hold the lowest value instead.';
COMMENT ON COLUMN projection.projections.highest_columns IS 'Columns of a sum that hold the highest value instead.';
COMMENT ON COLUMN projection.projections.position IS 'Tables are written, and their rows locked, in this order everywhere.';

CREATE TABLE projection.folds (
    fold text NOT NULL,
    source_table text NOT NULL,
    read_table text NOT NULL REFERENCES projection.projections (read_table),
    key_expression text,
    CONSTRAINT folds_pkey PRIMARY KEY (fold)
);

COMMENT ON TABLE projection.folds IS
'The folds: each is one view, the only text that says how its read table follows from its source (an event table, or another read table).';
COMMENT ON COLUMN projection.folds.fold IS 'The view, with its schema. Its columns are columns of the read table; the ones left out are 0.';
COMMENT ON COLUMN projection.folds.source_table IS 'What it folds, with its schema: the only table in the view, named once.';
COMMENT ON COLUMN projection.folds.read_table IS 'What it folds to.';
COMMENT ON COLUMN projection.folds.key_expression IS
'The expression over a row of the source (e) that gives the second key column, as it is indexed; null for slots.';

REVOKE ALL ON projection.projections, projection.folds FROM public;

GRANT SELECT ON projection.projections, projection.folds
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;

INSERT INTO projection.projections (read_table, kind, key_columns, lowest_columns, highest_columns, position) VALUES
('public.bets_view', 'state', '{tenant_id,bet_id}', '{}', '{}', 10),
('public.payments_view', 'state', '{tenant_id,payment_id}', '{}', '{}', 20),
('public.user_balances_view', 'sum', '{tenant_id,user_id}', '{}', '{last_transaction_at}', 40),
('public.user_activity_view', 'sum', '{tenant_id,user_id}', '{first_activity_at}', '{last_activity_at}', 30),
('projection.tenant_totals', 'slots', '{tenant_id,slot}', '{}', '{}', 50);

INSERT INTO projection.folds (fold, source_table, read_table, key_expression) VALUES
('projection.bets_fold', 'public.bet_events', 'public.bets_view', 'e.aggregate_id'),
('projection.payments_fold', 'public.payment_events', 'public.payments_view', 'e.aggregate_id'),
('projection.user_balances_fold', 'public.balance_events', 'public.user_balances_view', 'e.event_data ->> ''user_id'''),
('projection.user_activity_of_bets', 'public.bets_view', 'public.user_activity_view', 'e.user_id'),
('projection.user_activity_of_payments', 'public.payments_view', 'public.user_activity_view', 'e.user_id'),
('projection.tenant_totals_of_bets', 'public.bets_view', 'projection.tenant_totals', NULL),
('projection.tenant_totals_of_payments', 'public.payments_view', 'projection.tenant_totals', NULL),
('projection.tenant_totals_of_users', 'public.user_activity_view', 'projection.tenant_totals', NULL),
('projection.tenant_totals_of_balances', 'public.user_balances_view', 'projection.tenant_totals', NULL);
