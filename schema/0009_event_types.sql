SET LOCAL ROLE betledger_owner;

CREATE TABLE projection.event_types (
    event_table text NOT NULL,
    event_type text NOT NULL,
    kind text,
    status text,
    rank integer NOT NULL DEFAULT 2,
    required_fields jsonb NOT NULL DEFAULT '{}',
    optional_fields jsonb NOT NULL DEFAULT '{}',
    has_effect boolean NOT NULL DEFAULT true,
    CONSTRAINT event_types_pkey PRIMARY KEY (event_table, event_type),
    CONSTRAINT event_types_rank CHECK (rank BETWEEN 0 AND 9)
);

COMMENT ON TABLE projection.event_types IS
'Which events each event table takes, what they mean, and the fields of their payload. `betledger migrate` compiles '
'the rows into the check that every inserted event passes, and into the triggers. Kinds of a field: identifier '
'(string of 1 to 200 characters), text (string of up to 1000), amount (above 0), payout (0 or more), odds (1 or '
'more), result (win, loss or void), flag (boolean). Numbers are JSON numbers or numeric strings of up to 20 digits '
'before and 18 after the point. Migrations may rely on it.';
COMMENT ON COLUMN projection.event_types.event_table IS 'The event table, with its schema.';
COMMENT ON COLUMN projection.event_types.event_type IS 'The value of event_type.';
COMMENT ON COLUMN projection.event_types.kind IS
'What it is about, for definitions to ask with projection.event_kind(): deposit or withdrawal, credit or debit.';
COMMENT ON COLUMN projection.event_types.status IS
'What its stream is after it, for definitions to ask with projection.event_status(): placed, settled, failed.';
COMMENT ON COLUMN projection.event_types.rank IS
'Breaks ties: events of one stream with the same timestamp fold in the order of rank, of type, then of id. '
'Streams begin with types of rank 0.';
COMMENT ON COLUMN projection.event_types.required_fields IS
'Fields that must be there, as {"field": "kind"}: identifier, text, result, flag, amount (above 0), payout (0 or more) '
'or odds (1 or more); amount(2) allows two decimals.';
COMMENT ON COLUMN projection.event_types.optional_fields IS
'Fields that are checked when they are there; others are kept as they come.';
COMMENT ON COLUMN projection.event_types.has_effect IS
'False for events that are stored and change no read table. Else a projection has to say something of the type '
'(BL020).';

REVOKE ALL ON projection.event_types FROM public;

GRANT SELECT ON projection.event_types TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;

INSERT INTO projection.event_types (
    event_table, event_type, kind, status, rank, required_fields, optional_fields
) VALUES
(
    'public.bet_events', 'V1_BETS_BET_PLACED', 'bet', 'placed', 0,
    '{"user_id": "identifier", "stake": "amount", "odds": "odds", "fixture_id": "identifier"}',
    '{"from_balance": "flag"}'
),
('public.bet_events', 'V1_BETS_BET_CONFIRMED', 'bet', 'confirmed', 1, '{}', '{}'),
('public.bet_events', 'V1_BETS_BET_SETTLED', 'bet', 'settled', 2, '{"result": "result", "payout": "payout"}', '{}'),
('public.bet_events', 'V1_BETS_BET_CANCELLED', 'bet', 'cancelled', 2, '{}', '{"reason": "text"}'),
-- Of the rank of what it corrects, since it says the same status; by its name it comes after it in a tie.
(
    'public.bet_events', 'V1_BETS_BET_SETTLEMENT_CORRECTED', 'bet', 'settled', 2,
    '{"result": "result", "payout": "payout"}', '{"reason": "text", "allow_negative": "flag"}'
),
(
    'public.payment_events', 'V1_PAYMENTS_DEPOSIT_CREATED', 'deposit', 'created', 0,
    '{"user_id": "identifier", "amount": "amount"}', '{}'
),
('public.payment_events', 'V1_PAYMENTS_DEPOSIT_COMPLETED', 'deposit', 'completed', 2, '{}', '{}'),
('public.payment_events', 'V1_PAYMENTS_DEPOSIT_FAILED', 'deposit', 'failed', 2, '{}', '{"reason": "text"}'),
(
    'public.payment_events', 'V1_PAYMENTS_DEPOSIT_REVERSED', 'deposit', 'reversed', 2, '{}',
    '{"reason": "text", "allow_negative": "flag"}'
),
(
    'public.payment_events', 'V1_PAYMENTS_WITHDRAWAL_CREATED', 'withdrawal', 'created', 0,
    '{"user_id": "identifier", "amount": "amount"}', '{}'
),
('public.payment_events', 'V1_PAYMENTS_WITHDRAWAL_COMPLETED', 'withdrawal', 'completed', 2, '{}', '{}'),
('public.payment_events', 'V1_PAYMENTS_WITHDRAWAL_FAILED', 'withdrawal', 'failed', 2, '{}', '{"reason": "text"}'),
(
    'public.payment_events', 'V1_PAYMENTS_WITHDRAWAL_REVERSED', 'withdrawal', 'reversed', 2, '{}',
    '{"reason": "text", "allow_negative": "flag"}'
),
(
    'public.balance_events', 'V1_BALANCES_BALANCE_INCREASED', 'credit', 'increased', 0,
    '{"user_id": "identifier", "amount": "amount"}', '{}'
),
(
    'public.balance_events', 'V1_BALANCES_BALANCE_DECREASED', 'debit', 'decreased', 0,
    '{"user_id": "identifier", "amount": "amount"}', '{}'
);

-- Operators read, purge, and insert corrections and what these do to balances, and nothing else. Not AS RESTRICTIVE:
-- Citus makes such a policy permissive on its shards.
DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY '{public.bet_events,public.payment_events,public.balance_events}'::text[] LOOP
        EXECUTE format('ALTER POLICY trusted ON %s TO betledger_owner, betledger_app, betledger_reader', v_table);
        EXECUTE format('CREATE POLICY operators_read ON %s FOR SELECT TO betledger_operator USING (true)', v_table);
        EXECUTE format('CREATE POLICY operators_purge ON %s FOR UPDATE TO betledger_operator USING (true)', v_table);
    END LOOP;
END
$$;

CREATE POLICY operators_correct ON public.bet_events FOR INSERT TO betledger_operator
WITH CHECK (event_type = 'V1_BETS_BET_SETTLEMENT_CORRECTED');

CREATE POLICY operators_correct ON public.payment_events FOR INSERT TO betledger_operator
WITH CHECK (event_type IN ('V1_PAYMENTS_DEPOSIT_REVERSED', 'V1_PAYMENTS_WITHDRAWAL_REVERSED'));

CREATE POLICY operators_correct ON public.balance_events FOR INSERT TO betledger_operator
WITH CHECK (event_data ->> 'correction_id' IS NOT NULL);
