-- The textbook: the tables of the guide, and what any team writes for them in an afternoon. A row trigger for each
-- event table, an upsert for each read table, one row of counters for a tenant; the client looks for a key before it
-- inserts. It is what betledger is compared with, so it keeps much the same, and no promise: no check of a payload, no
-- order of events (the last to arrive wins), no walls between tenants, no rebuild, and one key that two clients send at
-- the same moment is two bets.
CREATE TABLE bet_events (
    id uuid NOT NULL, tenant_id bigint NOT NULL, aggregate_id text NOT NULL, event_type text NOT NULL,
    event_data jsonb NOT NULL, "timestamp" bigint NOT NULL, version integer NOT NULL, metadata jsonb,
    created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ON bet_events (tenant_id, aggregate_id, "timestamp");
CREATE INDEX ON bet_events (tenant_id, (metadata ->> 'idempotency_key'))
WHERE metadata ->> 'idempotency_key' IS NOT NULL;
CREATE TABLE payment_events (LIKE bet_events INCLUDING ALL);
CREATE TABLE balance_events (LIKE bet_events INCLUDING ALL);

CREATE TABLE bets_view (
    tenant_id bigint, bet_id text, user_id text NOT NULL, stake numeric NOT NULL, odds numeric NOT NULL,
    fixture_id text NOT NULL, status text NOT NULL, result text, payout numeric, idempotency_key text,
    last_updated_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, bet_id)
);
CREATE INDEX ON bets_view (tenant_id, user_id, last_updated_at);
CREATE INDEX ON bets_view (tenant_id, idempotency_key);
CREATE TABLE payments_view (
    tenant_id bigint, payment_id text, user_id text NOT NULL, type text NOT NULL, amount numeric NOT NULL,
    status text NOT NULL, idempotency_key text, last_updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, payment_id)
);
CREATE INDEX ON payments_view (tenant_id, user_id, last_updated_at);
CREATE INDEX ON payments_view (tenant_id, idempotency_key);
CREATE TABLE user_balances_view (
    tenant_id bigint, user_id text, balance numeric NOT NULL, transaction_count bigint NOT NULL,
    last_transaction_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, user_id)
);
CREATE TABLE user_activity_view (
    tenant_id bigint, user_id text, bets bigint NOT NULL, staked numeric NOT NULL, paid_out numeric NOT NULL DEFAULT 0,
    last_activity_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, user_id)
);
CREATE TABLE tenants_summary_view (
    tenant_id bigint PRIMARY KEY, bets bigint NOT NULL DEFAULT 0, bets_settled bigint NOT NULL DEFAULT 0,
    staked numeric NOT NULL DEFAULT 0, paid_out numeric NOT NULL DEFAULT 0, payments bigint NOT NULL DEFAULT 0,
    deposits numeric NOT NULL DEFAULT 0, withdrawals numeric NOT NULL DEFAULT 0, last_activity_at timestamptz NOT NULL
);

CREATE FUNCTION keep_bet() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_happened timestamptz := to_timestamp(NEW."timestamp" / 1000.0);
    v_stake numeric := (NEW.event_data ->> 'stake')::numeric;
    v_payout numeric := coalesce((NEW.event_data ->> 'payout')::numeric, 0);
    v_user_id text := NEW.event_data ->> 'user_id';
BEGIN
    CASE NEW.event_type
        WHEN 'V1_BETS_BET_PLACED' THEN
            INSERT INTO bets_view (
                tenant_id, bet_id, user_id, stake, odds, fixture_id, status, idempotency_key, last_updated_at
            ) VALUES (
                NEW.tenant_id, NEW.aggregate_id, v_user_id, v_stake, (NEW.event_data ->> 'odds')::numeric,
                NEW.event_data ->> 'fixture_id', 'placed', NEW.metadata ->> 'idempotency_key', v_happened
            ) ON CONFLICT (tenant_id, bet_id) DO UPDATE
            SET status = excluded.status, last_updated_at = excluded.last_updated_at;
            INSERT INTO user_activity_view AS u (tenant_id, user_id, bets, staked, last_activity_at)
            VALUES (NEW.tenant_id, v_user_id, 1, v_stake, v_happened)
            ON CONFLICT (tenant_id, user_id) DO UPDATE
            SET bets = u.bets + 1, staked = u.staked + excluded.staked, last_activity_at = excluded.last_activity_at;
            INSERT INTO tenants_summary_view AS s (tenant_id, bets, staked, last_activity_at)
            VALUES (NEW.tenant_id, 1, v_stake, v_happened)
            ON CONFLICT (tenant_id) DO UPDATE
            SET bets = s.bets + 1, staked = s.staked + excluded.staked, last_activity_at = excluded.last_activity_at;
        WHEN 'V1_BETS_BET_SETTLED' THEN
            UPDATE bets_view
            SET status = 'settled', result = NEW.event_data ->> 'result', payout = v_payout,
                last_updated_at = v_happened
            WHERE tenant_id = NEW.tenant_id AND bet_id = NEW.aggregate_id
            RETURNING user_id INTO v_user_id;
            UPDATE user_activity_view AS u SET paid_out = u.paid_out + v_payout, last_activity_at = v_happened
            WHERE u.tenant_id = NEW.tenant_id AND u.user_id = v_user_id;
            INSERT INTO tenants_summary_view AS s (tenant_id, bets_settled, paid_out, last_activity_at)
            VALUES (NEW.tenant_id, 1, v_payout, v_happened)
            ON CONFLICT (tenant_id) DO UPDATE
            SET bets_settled = s.bets_settled + 1, paid_out = s.paid_out + excluded.paid_out,
                last_activity_at = excluded.last_activity_at;
        ELSE
            UPDATE bets_view
            SET status = CASE NEW.event_type WHEN 'V1_BETS_BET_CONFIRMED' THEN 'confirmed' ELSE 'cancelled' END,
                last_updated_at = v_happened
            WHERE tenant_id = NEW.tenant_id AND bet_id = NEW.aggregate_id;
    END CASE;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_bet AFTER INSERT ON bet_events FOR EACH ROW EXECUTE FUNCTION keep_bet();

CREATE FUNCTION keep_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_happened timestamptz := to_timestamp(NEW."timestamp" / 1000.0);
    v_amount numeric := (NEW.event_data ->> 'amount')::numeric;
    v_is_deposit boolean := NEW.event_type LIKE 'V1_PAYMENTS_DEPOSIT_%';
BEGIN
    INSERT INTO payments_view (tenant_id, payment_id, user_id, type, amount, status, idempotency_key, last_updated_at)
    VALUES (
        NEW.tenant_id, NEW.aggregate_id, NEW.event_data ->> 'user_id',
        CASE WHEN v_is_deposit THEN 'deposit' ELSE 'withdrawal' END, v_amount, 'created',
        NEW.metadata ->> 'idempotency_key', v_happened
    ) ON CONFLICT (tenant_id, payment_id) DO UPDATE
    SET status = excluded.status, last_updated_at = excluded.last_updated_at;
    INSERT INTO tenants_summary_view AS s (tenant_id, payments, deposits, withdrawals, last_activity_at)
    VALUES (
        NEW.tenant_id, 1, CASE WHEN v_is_deposit THEN v_amount ELSE 0 END,
        CASE WHEN v_is_deposit THEN 0 ELSE v_amount END, v_happened
    ) ON CONFLICT (tenant_id) DO UPDATE
    SET payments = s.payments + 1, deposits = s.deposits + excluded.deposits,
        withdrawals = s.withdrawals + excluded.withdrawals, last_activity_at = excluded.last_activity_at;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_payment AFTER INSERT ON payment_events FOR EACH ROW EXECUTE FUNCTION keep_payment();

CREATE FUNCTION keep_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_amount numeric := (NEW.event_data ->> 'amount')::numeric;
BEGIN
    INSERT INTO user_balances_view AS b (tenant_id, user_id, balance, transaction_count, last_transaction_at)
    VALUES (
        NEW.tenant_id, NEW.event_data ->> 'user_id',
        CASE NEW.event_type WHEN 'V1_BALANCES_BALANCE_INCREASED' THEN v_amount ELSE -v_amount END, 1,
        to_timestamp(NEW."timestamp" / 1000.0)
    ) ON CONFLICT (tenant_id, user_id) DO UPDATE
    SET balance = b.balance + excluded.balance, transaction_count = b.transaction_count + 1,
        last_transaction_at = excluded.last_transaction_at;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_balance AFTER INSERT ON balance_events FOR EACH ROW EXECUTE FUNCTION keep_balance();
