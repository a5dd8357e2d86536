SET LOCAL ROLE betledger_owner;

CREATE TABLE projection.event_types (
    event_table text NOT NULL,
    event_type text NOT NULL,
    required_fields jsonb NOT NULL DEFAULT '{}',
    optional_fields jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT event_types_pkey PRIMARY KEY (event_table, event_type)
);

COMMENT ON TABLE projection.event_types IS
'Which events each event table takes, and the fields of their payload. projection.compile_event_table() turns the rows into the check that every inserted event passes. Kinds of a field: identifier (string of 1 to 200 characters), text (string of up to 1000), amount (above 0), payout (0 or more), odds (1 or more), result (win, loss or void), flag (boolean). Numbers are JSON numbers or numeric strings of up to 20 digits before and 18 after the point.';
COMMENT ON COLUMN projection.event_types.event_table IS 'The event table, with its schema.';
COMMENT ON COLUMN projection.event_types.event_type IS 'The value of event_type.';
COMMENT ON COLUMN projection.event_types.required_fields IS 'Fields that must be there, as {"field": "kind"}.';
COMMENT ON COLUMN projection.event_types.optional_fields IS 'Fields that are checked when they are there; others are kept as they come.';

REVOKE ALL ON projection.event_types FROM public;

GRANT SELECT ON projection.event_types TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;

INSERT INTO projection.event_types (event_table, event_type, required_fields, optional_fields) VALUES
(
    'public.bet_events', 'V1_BETS_BET_PLACED',
    '{"user_id": "identifier", "stake": "amount", "odds": "odds", "fixture_id": "identifier"}', '{"from_balance": "flag"}'
),
('public.bet_events', 'V1_BETS_BET_CONFIRMED', '{}', '{}'),
('public.bet_events', 'V1_BETS_BET_SETTLED', '{"result": "result", "payout": "payout"}', '{}'),
('public.bet_events', 'V1_BETS_BET_CANCELLED', '{}', '{"reason": "text"}'),
('public.payment_events', 'V1_PAYMENTS_DEPOSIT_CREATED', '{"user_id": "identifier", "amount": "amount"}', '{}'),
('public.payment_events', 'V1_PAYMENTS_DEPOSIT_COMPLETED', '{}', '{}'),
('public.payment_events', 'V1_PAYMENTS_DEPOSIT_FAILED', '{}', '{"reason": "text"}'),
('public.payment_events', 'V1_PAYMENTS_WITHDRAWAL_CREATED', '{"user_id": "identifier", "amount": "amount"}', '{}'),
('public.payment_events', 'V1_PAYMENTS_WITHDRAWAL_COMPLETED', '{}', '{}'),
('public.payment_events', 'V1_PAYMENTS_WITHDRAWAL_FAILED', '{}', '{"reason": "text"}'),
('public.balance_events', 'V1_BALANCES_BALANCE_INCREASED', '{"user_id": "identifier", "amount": "amount"}', '{}'),
('public.balance_events', 'V1_BALANCES_BALANCE_DECREASED', '{"user_id": "identifier", "amount": "amount"}', '{}');
