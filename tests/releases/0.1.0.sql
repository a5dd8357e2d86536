-- What betledger 0.1.0 would run. Run it with psql, as the same role: psql -X -f FILE
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET lock_timeout = '5s';
SELECT pg_try_advisory_lock(hashtext('6265746c6564676572'), hashtext('migrate')) AS alone \gset
\if :alone
\else
  \warn another runner is at work on this database
  \quit
\endif
BEGIN;
CREATE SCHEMA betledger_migrations;
CREATE TABLE betledger_migrations.versioned (path text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE betledger_migrations.repeatable (path text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE betledger_migrations."_yoyo_migration" (id VARCHAR(191) NOT NULL PRIMARY KEY,ctime TIMESTAMP);

        CREATE TABLE betledger_migrations."_yoyo_log" (
            "id" VARCHAR(36),
            "migration_hash" VARCHAR(64),
            "migration_id" VARCHAR(255),
            "operation" VARCHAR(10),
            "username" VARCHAR(255),
            "hostname" VARCHAR(255),
            "comment" VARCHAR(255),
            "created_at_utc" TIMESTAMP,
            PRIMARY KEY ("id")
        );

        CREATE TABLE betledger_migrations."_yoyo_version" (
            "version" INT NOT NULL PRIMARY KEY,
            "installed_at_utc" TIMESTAMP
        );
DROP TABLE betledger_migrations."_yoyo_migration";

        CREATE TABLE betledger_migrations."_yoyo_migration" (
            "migration_hash" VARCHAR(64),
            "migration_id" VARCHAR(255),
            "applied_at_utc" TIMESTAMP,
            PRIMARY KEY ("migration_hash")
        );

        INSERT INTO betledger_migrations."_yoyo_migration"
        SELECT "migration_hash", "migration_id", "created_at_utc"
        FROM betledger_migrations."_yoyo_log";
INSERT INTO betledger_migrations."_yoyo_version" VALUES (2, '2026-11-23 14:49:59.410155'::timestamp);
COMMIT;

-- schema/0001_roles_and_schemas.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
-- Roles are cluster-wide and may already be there: another database of this cluster can hold a ledger too.
-- They are never dropped here, and altered on Citus only; logins are made by `betledger role create`.
DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY[
        'betledger_owner', 'betledger_app', 'betledger_tenant', 'betledger_reader', 'betledger_operator'
    ] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = v_role) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- another migration of this cluster was faster
        END;
    END LOOP;
    -- The nodes of a Citus cluster reach each other as the role that runs a statement; without a password, pg_hba.conf decides.
    IF EXISTS (SELECT FROM pg_catalog.pg_extension AS e WHERE e.extname = 'citus') THEN
        IF NOT (SELECT r.rolcanlogin FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'betledger_owner') THEN
            ALTER ROLE betledger_owner LOGIN;
        END IF;
        -- It is there, but Citus does not know; the owner's first function could not tell it.
        CREATE EXTENSION IF NOT EXISTS plpgsql;
    END IF;
    -- Objects are made as the owner: whoever migrates has to be able to become it.
    IF NOT pg_has_role(current_user, 'betledger_owner', 'MEMBER') THEN
        EXECUTE format('GRANT betledger_owner TO %I', current_user);
    END IF;
END
$$;
GRANT USAGE, CREATE ON SCHEMA public TO betledger_owner;
REVOKE CREATE ON SCHEMA public FROM public;
GRANT USAGE ON SCHEMA public TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
CREATE SCHEMA projection AUTHORIZATION betledger_owner;
CREATE SCHEMA ops AUTHORIZATION betledger_owner;
-- Not yet as the owner: to the workers of a Citus cluster the role is there once this is committed.
GRANT USAGE ON SCHEMA projection TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
GRANT USAGE ON SCHEMA ops TO betledger_operator;
COMMENT ON SCHEMA projection IS
'betledger: folds, trigger functions and the counters behind the summaries. Application teams read public instead.';
COMMENT ON SCHEMA ops IS 'betledger: what DBAs call. Rebuild, verify and purge.';
RESET ROLE;
INSERT INTO betledger_migrations.versioned (path, checksum) VALUES ('schema/0001_roles_and_schemas.sql', '328c5f20853cb5c409d42377b4a8bcf17e98d395d4f6d21f19fc25f78407bfb5') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
INSERT INTO betledger_migrations."_yoyo_log" ("id", "migration_hash", "migration_id", "operation", "username", "hostname", "created_at_utc") VALUES ('09718d12-7de6-4f47-bdfd-e8f2ff8a35e4', '56d95967fec12ee588035be7facdea219a5032fc1b4b4c62d6d8c6536e9abbe9', '0001_roles_and_schemas', 'apply', 'postgres', 'release', '2026-11-23 14:49:59.416517'::timestamp);
INSERT INTO betledger_migrations."_yoyo_migration" ("migration_hash", "migration_id", "applied_at_utc") VALUES ('56d95967fec12ee588035be7facdea219a5032fc1b4b4c62d6d8c6536e9abbe9', '0001_roles_and_schemas', '2026-11-23 14:49:59.416643'::timestamp);
COMMIT;

-- schema/0002_bet_events.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL ROLE betledger_owner;
CREATE TABLE public.bet_events (
    id uuid NOT NULL,
    tenant_id bigint NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    event_type text NOT NULL,
    event_data jsonb NOT NULL,
    "timestamp" bigint NOT NULL,
    version integer NOT NULL,
    metadata jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bet_events_pkey PRIMARY KEY (tenant_id, id)
);
-- One key of a tenant is one event of this table, however many clients send it at the same moment.
CREATE UNIQUE INDEX bet_events_idempotency_key ON public.bet_events (tenant_id, (metadata ->> 'idempotency_key'))
WHERE metadata ->> 'idempotency_key' IS NOT NULL;
-- The history of an aggregate, and the events that its row is folded from.
CREATE INDEX bet_events_aggregate ON public.bet_events (tenant_id, aggregate_id, "timestamp");
-- The events of a tenant in a time range, and the last activity of a tenant.
CREATE INDEX bet_events_time ON public.bet_events (tenant_id, "timestamp");
-- Keys that are due for clean-up.
CREATE INDEX bet_events_key_age ON public.bet_events (created_at)
WHERE metadata ->> 'idempotency_key' IS NOT NULL;
COMMENT ON TABLE public.bet_events IS
'Append-only events of bets. INSERT here (or call place_bet); triggers keep the read tables in the same transaction. Nobody updates, deletes or truncates (SQLSTATE BL010); the one change permitted is taking an idempotency key that is older than 48 hours out of metadata. Bad input is refused with SQLSTATE BL001, a used idempotency key with 23505.';
COMMENT ON COLUMN public.bet_events.id IS 'The event, unique within the tenant. Made by the client (any UUID) or by a function from tenant, operation and key.';
COMMENT ON COLUMN public.bet_events.tenant_id IS 'The tenant, above 0. Every table is keyed, and on Citus distributed, by it.';
COMMENT ON COLUMN public.bet_events.aggregate_id IS 'The stream: the bet. 1 to 256 characters.';
COMMENT ON COLUMN public.bet_events.event_type IS 'One of the types in projection.event_types.';
COMMENT ON COLUMN public.bet_events.event_data IS 'The payload: a JSON object of at most 65536 bytes. Money is a JSON number or a numeric string, kept exactly.';
COMMENT ON COLUMN public.bet_events."timestamp" IS 'When it happened, in milliseconds since 1970-01-01 UTC, above 0 and before the year 2100. Streams fold in this order, whatever order the events arrive in.';
COMMENT ON COLUMN public.bet_events.version IS 'The version of the format of the event: 1. Not a position in the stream.';
COMMENT ON COLUMN public.bet_events.metadata IS 'A JSON object or null: idempotency_key (1 to 200 characters, unique per tenant in this table) and whatever the client wants to keep.';
COMMENT ON COLUMN public.bet_events.created_at IS 'When the event was stored; the life of an idempotency key counts from here.';
ALTER TABLE public.bet_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.bet_events FORCE ROW LEVEL SECURITY;
CREATE POLICY trusted ON public.bet_events TO betledger_owner, betledger_app, betledger_reader, betledger_operator
USING (true) WITH CHECK (true);
-- Without a valid setting the right side is null, and no row is seen or written.
CREATE POLICY own_tenant ON public.bet_events TO betledger_tenant
USING (tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint)
WITH CHECK (tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint);
REVOKE ALL ON public.bet_events FROM public;
-- UPDATE (metadata) is for the clean-up of expired keys; a trigger refuses everything else.
GRANT SELECT, INSERT, UPDATE (metadata) ON public.bet_events TO betledger_app, betledger_tenant;
GRANT SELECT, UPDATE (metadata) ON public.bet_events TO betledger_operator;
GRANT SELECT ON public.bet_events TO betledger_reader;
RESET ROLE;
INSERT INTO betledger_migrations.versioned (path, checksum) VALUES ('schema/0002_bet_events.sql', 'c1cd27831ced0bbe23a9a320955a696ffdae738838cd5c5d39cf1c350e7567f6') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
INSERT INTO betledger_migrations."_yoyo_log" ("id", "migration_hash", "migration_id", "operation", "username", "hostname", "created_at_utc") VALUES ('2bb63ee1-634d-46d1-beac-7e2d069eb047', '4e258466eb5392df406b39a1ca0cb9be1fc8d376a68b06d4b367566f62d8a118', '0002_bet_events', 'apply', 'postgres', 'release', '2026-11-23 14:49:59.434093'::timestamp);
INSERT INTO betledger_migrations."_yoyo_migration" ("migration_hash", "migration_id", "applied_at_utc") VALUES ('4e258466eb5392df406b39a1ca0cb9be1fc8d376a68b06d4b367566f62d8a118', '0002_bet_events', '2026-11-23 14:49:59.434180'::timestamp);
COMMIT;

-- schema/0003_payment_events.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL ROLE betledger_owner;
CREATE TABLE public.payment_events (
    id uuid NOT NULL,
    tenant_id bigint NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    event_type text NOT NULL,
    event_data jsonb NOT NULL,
    "timestamp" bigint NOT NULL,
    version integer NOT NULL,
    metadata jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payment_events_pkey PRIMARY KEY (tenant_id, id)
);
-- One key of a tenant is one event of this table, however many clients send it at the same moment.
CREATE UNIQUE INDEX payment_events_idempotency_key ON public.payment_events (tenant_id, (metadata ->> 'idempotency_key'))
WHERE metadata ->> 'idempotency_key' IS NOT NULL;
-- The history of an aggregate, and the events that its row is folded from.
CREATE INDEX payment_events_aggregate ON public.payment_events (tenant_id, aggregate_id, "timestamp");
-- The events of a tenant in a time range, and the last activity of a tenant.
CREATE INDEX payment_events_time ON public.payment_events (tenant_id, "timestamp");
-- Keys that are due for clean-up.
CREATE INDEX payment_events_key_age ON public.payment_events (created_at)
WHERE metadata ->> 'idempotency_key' IS NOT NULL;
COMMENT ON TABLE public.payment_events IS
'Append-only events of payments. INSERT here (or call deposit or withdraw); triggers keep the read tables in the same transaction. Nobody updates, deletes or truncates (SQLSTATE BL010); the one change permitted is taking an idempotency key that is older than 48 hours out of metadata. Bad input is refused with SQLSTATE BL001, a used idempotency key with 23505.';
COMMENT ON COLUMN public.payment_events.id IS 'The event, unique within the tenant. Made by the client (any UUID) or by a function from tenant, operation and key.';
COMMENT ON COLUMN public.payment_events.tenant_id IS 'The tenant, above 0. Every table is keyed, and on Citus distributed, by it.';
COMMENT ON COLUMN public.payment_events.aggregate_id IS 'The stream: the payment. 1 to 256 characters.';
COMMENT ON COLUMN public.payment_events.event_type IS 'One of the types in projection.event_types.';
COMMENT ON COLUMN public.payment_events.event_data IS 'The payload: a JSON object of at most 65536 bytes. Money is a JSON number or a numeric string, kept exactly.';
COMMENT ON COLUMN public.payment_events."timestamp" IS 'When it happened, in milliseconds since 1970-01-01 UTC, above 0 and before the year 2100. Streams fold in this order, whatever order the events arrive in.';
COMMENT ON COLUMN public.payment_events.version IS 'The version of the format of the event: 1. Not a position in the stream.';
COMMENT ON COLUMN public.payment_events.metadata IS 'A JSON object or null: idempotency_key (1 to 200 characters, unique per tenant in this table) and whatever the client wants to keep.';
COMMENT ON COLUMN public.payment_events.created_at IS 'When the event was stored; the life of an idempotency key counts from here.';
ALTER TABLE public.payment_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.payment_events FORCE ROW LEVEL SECURITY;
CREATE POLICY trusted ON public.payment_events TO betledger_owner, betledger_app, betledger_reader, betledger_operator
USING (true) WITH CHECK (true);
-- Without a valid setting the right side is null, and no row is seen or written.
CREATE POLICY own_tenant ON public.payment_events TO betledger_tenant
USING (tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint)
WITH CHECK (tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint);
REVOKE ALL ON public.payment_events FROM public;
-- UPDATE (metadata) is for the clean-up of expired keys; a trigger refuses everything else.
GRANT SELECT, INSERT, UPDATE (metadata) ON public.payment_events TO betledger_app, betledger_tenant;
GRANT SELECT, UPDATE (metadata) ON public.payment_events TO betledger_operator;
GRANT SELECT ON public.payment_events TO betledger_reader;
RESET ROLE;
INSERT INTO betledger_migrations.versioned (path, checksum) VALUES ('schema/0003_payment_events.sql', 'c226d22dad8218e924ed1069103f59217b50286c9244d53a8d03eccc54e8d736') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
INSERT INTO betledger_migrations."_yoyo_log" ("id", "migration_hash", "migration_id", "operation", "username", "hostname", "created_at_utc") VALUES ('48201064-c045-4285-bbe2-5d83b0517fe5', '3cde82a950f1c330406228aa2533b238825059d5b40d24d0c31e1e04a12bad94', '0003_payment_events', 'apply', 'postgres', 'release', '2026-11-23 14:49:59.437689'::timestamp);
INSERT INTO betledger_migrations."_yoyo_migration" ("migration_hash", "migration_id", "applied_at_utc") VALUES ('3cde82a950f1c330406228aa2533b238825059d5b40d24d0c31e1e04a12bad94', '0003_payment_events', '2026-11-23 14:49:59.437752'::timestamp);
COMMIT;

-- schema/0004_balance_events.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL ROLE betledger_owner;
CREATE TABLE public.balance_events (
    id uuid NOT NULL,
    tenant_id bigint NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    event_type text NOT NULL,
    event_data jsonb NOT NULL,
    "timestamp" bigint NOT NULL,
    version integer NOT NULL,
    metadata jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT balance_events_pkey PRIMARY KEY (tenant_id, id)
);
-- One key of a tenant is one event of this table, however many clients send it at the same moment.
CREATE UNIQUE INDEX balance_events_idempotency_key ON public.balance_events (tenant_id, (metadata ->> 'idempotency_key'))
WHERE metadata ->> 'idempotency_key' IS NOT NULL;
-- The history of an aggregate, and the events that its row is folded from.
CREATE INDEX balance_events_aggregate ON public.balance_events (tenant_id, aggregate_id, "timestamp");
-- The events of a tenant in a time range, and the last activity of a tenant.
CREATE INDEX balance_events_time ON public.balance_events (tenant_id, "timestamp");
-- Keys that are due for clean-up.
CREATE INDEX balance_events_key_age ON public.balance_events (created_at)
WHERE metadata ->> 'idempotency_key' IS NOT NULL;
-- A balance is folded by the user of the payload, whatever the stream is called.
CREATE INDEX balance_events_user ON public.balance_events (tenant_id, (event_data ->> 'user_id'), "timestamp");
COMMENT ON TABLE public.balance_events IS
'Append-only events of balance changes. INSERT here (or call deposit or withdraw); triggers keep the read tables in the same transaction. Nobody updates, deletes or truncates (SQLSTATE BL010); the one change permitted is taking an idempotency key that is older than 48 hours out of metadata. Bad input is refused with SQLSTATE BL001, a used idempotency key with 23505.';
COMMENT ON COLUMN public.balance_events.id IS 'The event, unique within the tenant. Made by the client (any UUID) or by a function from tenant, operation and key.';
COMMENT ON COLUMN public.balance_events.tenant_id IS 'The tenant, above 0. Every table is keyed, and on Citus distributed, by it.';
COMMENT ON COLUMN public.balance_events.aggregate_id IS 'The stream: the balance of a user, balance-<user_id> by convention; the balance is folded by user_id of the payload. 1 to 256 characters.';
COMMENT ON COLUMN public.balance_events.event_type IS 'One of the types in projection.event_types.';
COMMENT ON COLUMN public.balance_events.event_data IS 'The payload: a JSON object of at most 65536 bytes. Money is a JSON number or a numeric string, kept exactly.';
COMMENT ON COLUMN public.balance_events."timestamp" IS 'When it happened, in milliseconds since 1970-01-01 UTC, above 0 and before the year 2100. Streams fold in this order, whatever order the events arrive in.';
COMMENT ON COLUMN public.balance_events.version IS 'The version of the format of the event: 1. Not a position in the stream.';
COMMENT ON COLUMN public.balance_events.metadata IS 'A JSON object or null: idempotency_key (1 to 200 characters, unique per tenant in this table) and whatever the client wants to keep.';
COMMENT ON COLUMN public.balance_events.created_at IS 'When the event was stored; the life of an idempotency key counts from here.';
ALTER TABLE public.balance_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.balance_events FORCE ROW LEVEL SECURITY;
CREATE POLICY trusted ON public.balance_events TO betledger_owner, betledger_app, betledger_reader, betledger_operator
USING (true) WITH CHECK (true);
-- Without a valid setting the right side is null, and no row is seen or written.
CREATE POLICY own_tenant ON public.balance_events TO betledger_tenant
USING (tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint)
WITH CHECK (tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint);
REVOKE ALL ON public.balance_events FROM public;
-- UPDATE (metadata) is for the clean-up of expired keys; a trigger refuses everything else.
GRANT SELECT, INSERT, UPDATE (metadata) ON public.balance_events TO betledger_app, betledger_tenant;
GRANT SELECT, UPDATE (metadata) ON public.balance_events TO betledger_operator;
GRANT SELECT ON public.balance_events TO betledger_reader;
RESET ROLE;
INSERT INTO betledger_migrations.versioned (path, checksum) VALUES ('schema/0004_balance_events.sql', '2c6eb830330175ee46247c887601a3b64616d37ba1705289451e1880e245d8ea') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
INSERT INTO betledger_migrations."_yoyo_log" ("id", "migration_hash", "migration_id", "operation", "username", "hostname", "created_at_utc") VALUES ('653215a8-204e-452c-870a-e528cb5f14c7', 'f982e8cfde3f4a53413fd2a3ba4bb84bfcd3633c71b9952d95eb9e74c1ff90e0', '0004_balance_events', 'apply', 'postgres', 'release', '2026-11-23 14:49:59.441289'::timestamp);
INSERT INTO betledger_migrations."_yoyo_migration" ("migration_hash", "migration_id", "applied_at_utc") VALUES ('f982e8cfde3f4a53413fd2a3ba4bb84bfcd3633c71b9952d95eb9e74c1ff90e0', '0004_balance_events', '2026-11-23 14:49:59.441349'::timestamp);
COMMIT;

-- schema/0005_bets_view.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL ROLE betledger_owner;
CREATE TABLE public.bets_view (
    tenant_id bigint NOT NULL,
    bet_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C",
    stake numeric,
    odds numeric,
    fixture_id text,
    status text NOT NULL,
    result text,
    payout numeric,
    idempotency_key text COLLATE "C",
    created_at timestamptz NOT NULL,
    last_updated_at timestamptz NOT NULL,
    CONSTRAINT bets_view_pkey PRIMARY KEY (tenant_id, bet_id)
);
CREATE INDEX bets_view_idempotency_key ON public.bets_view (tenant_id, idempotency_key)
WHERE idempotency_key IS NOT NULL;
-- The bets of a user, newest first.
CREATE INDEX bets_view_user ON public.bets_view (tenant_id, user_id, last_updated_at);
COMMENT ON TABLE public.bets_view IS
'One row per bet: the fold of its events in order of time, kept by triggers in the transaction of the event. Read only. Example: SELECT * FROM public.bets_view WHERE tenant_id = 10001 AND bet_id = ''bet-1''.';
COMMENT ON COLUMN public.bets_view.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.bets_view.bet_id IS 'The bet: aggregate_id of its events.';
COMMENT ON COLUMN public.bets_view.user_id IS 'Who placed it; null while only later events have arrived.';
COMMENT ON COLUMN public.bets_view.stake IS 'What was staked, in the currency of the tenant.';
COMMENT ON COLUMN public.bets_view.odds IS 'Decimal odds, 1 or more.';
COMMENT ON COLUMN public.bets_view.fixture_id IS 'What was bet on.';
COMMENT ON COLUMN public.bets_view.status IS 'placed, confirmed, settled or cancelled: the kind of the last event.';
COMMENT ON COLUMN public.bets_view.result IS 'win, loss or void, once settled.';
COMMENT ON COLUMN public.bets_view.payout IS 'What was paid out, once settled, in the currency of the tenant.';
COMMENT ON COLUMN public.bets_view.idempotency_key IS 'The key that the bet was placed with; null when there was none, or once it has expired.';
COMMENT ON COLUMN public.bets_view.created_at IS 'The time of its first event.';
COMMENT ON COLUMN public.bets_view.last_updated_at IS 'The time of its last event.';
ALTER TABLE public.bets_view ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.bets_view FORCE ROW LEVEL SECURITY;
CREATE POLICY trusted ON public.bets_view TO betledger_owner, betledger_app, betledger_reader, betledger_operator
USING (true) WITH CHECK (true);
-- Without a valid setting the right side is null, and no row is seen.
CREATE POLICY own_tenant ON public.bets_view FOR SELECT TO betledger_tenant
USING (tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint);
REVOKE ALL ON public.bets_view FROM public;
-- Only the owner writes, through the projection triggers.
GRANT SELECT ON public.bets_view TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.versioned (path, checksum) VALUES ('schema/0005_bets_view.sql', 'c709b1c57a3a9abd2988e057ff89cb1103e9d838167de5e035ed4df29799358f') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
INSERT INTO betledger_migrations."_yoyo_log" ("id", "migration_hash", "migration_id", "operation", "username", "hostname", "created_at_utc") VALUES ('03c48a2b-7eb8-4e22-a1ef-d6b1f5d86d11', '138ec12b72d508e076cc48477438bc9793d80f7ca4fbc51174ba3ed2e75e1c71', '0005_bets_view', 'apply', 'postgres', 'release', '2026-11-23 14:49:59.444296'::timestamp);
INSERT INTO betledger_migrations."_yoyo_migration" ("migration_hash", "migration_id", "applied_at_utc") VALUES ('138ec12b72d508e076cc48477438bc9793d80f7ca4fbc51174ba3ed2e75e1c71', '0005_bets_view', '2026-11-23 14:49:59.444337'::timestamp);
COMMIT;

-- schema/0006_payments_view.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL ROLE betledger_owner;
CREATE TABLE public.payments_view (
    tenant_id bigint NOT NULL,
    payment_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C",
    type text NOT NULL,
    amount numeric,
    status text NOT NULL,
    idempotency_key text COLLATE "C",
    created_at timestamptz NOT NULL,
    last_updated_at timestamptz NOT NULL,
    CONSTRAINT payments_view_pkey PRIMARY KEY (tenant_id, payment_id)
);
CREATE INDEX payments_view_idempotency_key ON public.payments_view (tenant_id, idempotency_key)
WHERE idempotency_key IS NOT NULL;
-- The payments of a user, newest first.
CREATE INDEX payments_view_user ON public.payments_view (tenant_id, user_id, last_updated_at);
COMMENT ON TABLE public.payments_view IS
'One row per deposit or withdrawal: the fold of its events in order of time, kept by triggers in the transaction of the event. Read only. Example: SELECT * FROM public.payments_view WHERE tenant_id = 10001 AND payment_id = ''payment-1''.';
COMMENT ON COLUMN public.payments_view.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.payments_view.payment_id IS 'The payment: aggregate_id of its events.';
COMMENT ON COLUMN public.payments_view.user_id IS 'Whose payment it is; null while only later events have arrived.';
COMMENT ON COLUMN public.payments_view.type IS 'deposit or withdrawal.';
COMMENT ON COLUMN public.payments_view.amount IS 'What is paid, in the currency of the tenant.';
COMMENT ON COLUMN public.payments_view.status IS 'created, completed or failed: the kind of the last event.';
COMMENT ON COLUMN public.payments_view.idempotency_key IS 'The key that the payment was created with; null when there was none, or once it has expired.';
COMMENT ON COLUMN public.payments_view.created_at IS 'The time of its first event.';
COMMENT ON COLUMN public.payments_view.last_updated_at IS 'The time of its last event.';
ALTER TABLE public.payments_view ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.payments_view FORCE ROW LEVEL SECURITY;
CREATE POLICY trusted ON public.payments_view TO betledger_owner, betledger_app, betledger_reader, betledger_operator
USING (true) WITH CHECK (true);
-- Without a valid setting the right side is null, and no row is seen.
CREATE POLICY own_tenant ON public.payments_view FOR SELECT TO betledger_tenant
USING (tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint);
REVOKE ALL ON public.payments_view FROM public;
-- Only the owner writes, through the projection triggers.
GRANT SELECT ON public.payments_view TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.versioned (path, checksum) VALUES ('schema/0006_payments_view.sql', '8f469d6906089276a4c5028a59496cce8f20d4aaa2fb0ed626d765bd9eb8d083') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
INSERT INTO betledger_migrations."_yoyo_log" ("id", "migration_hash", "migration_id", "operation", "username", "hostname", "created_at_utc") VALUES ('54531958-dc39-4d0e-904b-f2903622baae', '2a4eefa46f0a60ba03b19dc6b163d1bd797e79cb346ee0bdb284c1e23e1f68a9', '0006_payments_view', 'apply', 'postgres', 'release', '2026-11-23 14:49:59.446950'::timestamp);
INSERT INTO betledger_migrations."_yoyo_migration" ("migration_hash", "migration_id", "applied_at_utc") VALUES ('2a4eefa46f0a60ba03b19dc6b163d1bd797e79cb346ee0bdb284c1e23e1f68a9', '0006_payments_view', '2026-11-23 14:49:59.446991'::timestamp);
COMMIT;

-- schema/0007_user_balances_view.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL ROLE betledger_owner;
CREATE TABLE public.user_balances_view (
    tenant_id bigint NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    balance numeric NOT NULL,
    transaction_count integer NOT NULL,
    last_transaction_at timestamptz NOT NULL,
    CONSTRAINT user_balances_view_pkey PRIMARY KEY (tenant_id, user_id)
) WITH (fillfactor = 70); -- room for updates in the page;
COMMENT ON TABLE public.user_balances_view IS
'One row per user with balance events: their sum, kept by triggers in the transaction of the event. Read only. Example: SELECT balance FROM public.user_balances_view WHERE tenant_id = 10001 AND user_id = ''u1''.';
COMMENT ON COLUMN public.user_balances_view.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.user_balances_view.user_id IS 'The user: user_id in the payload of the balance events.';
COMMENT ON COLUMN public.user_balances_view.balance IS 'Increases less decreases, in the currency of the tenant.';
COMMENT ON COLUMN public.user_balances_view.transaction_count IS 'How many balance events there are.';
COMMENT ON COLUMN public.user_balances_view.last_transaction_at IS 'The time of the last balance event.';
ALTER TABLE public.user_balances_view ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.user_balances_view FORCE ROW LEVEL SECURITY;
CREATE POLICY trusted ON public.user_balances_view TO betledger_owner, betledger_app, betledger_reader, betledger_operator
USING (true) WITH CHECK (true);
-- Without a valid setting the right side is null, and no row is seen.
CREATE POLICY own_tenant ON public.user_balances_view FOR SELECT TO betledger_tenant
USING (tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint);
REVOKE ALL ON public.user_balances_view FROM public;
-- Only the owner writes, through the projection triggers.
GRANT SELECT ON public.user_balances_view TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.versioned (path, checksum) VALUES ('schema/0007_user_balances_view.sql', '27cc30ed88482ccb7660bc48eaac86500ed1afed8149691869df8bcffa87de68') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
INSERT INTO betledger_migrations."_yoyo_log" ("id", "migration_hash", "migration_id", "operation", "username", "hostname", "created_at_utc") VALUES ('0e2a93b1-0fe2-4bfd-8405-bc32db026b67', 'f8943a5da2beb77a12a65673f1317cc0bf0d4e0eb988bfa7b86e67b4dfa0b3ac', '0007_user_balances_view', 'apply', 'postgres', 'release', '2026-11-23 14:49:59.448920'::timestamp);
INSERT INTO betledger_migrations."_yoyo_migration" ("migration_hash", "migration_id", "applied_at_utc") VALUES ('f8943a5da2beb77a12a65673f1317cc0bf0d4e0eb988bfa7b86e67b4dfa0b3ac', '0007_user_balances_view', '2026-11-23 14:49:59.448961'::timestamp);
COMMIT;

-- schema/0008_user_activity_view.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL ROLE betledger_owner;
CREATE TABLE public.user_activity_view (
    tenant_id bigint NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    bets integer NOT NULL DEFAULT 0,
    open_bets integer NOT NULL DEFAULT 0,
    staked numeric NOT NULL DEFAULT 0,
    paid_out numeric NOT NULL DEFAULT 0,
    net_result numeric NOT NULL DEFAULT 0,
    deposits numeric NOT NULL DEFAULT 0,
    withdrawals numeric NOT NULL DEFAULT 0,
    first_activity_at timestamptz NOT NULL,
    last_activity_at timestamptz NOT NULL,
    CONSTRAINT user_activity_view_pkey PRIMARY KEY (tenant_id, user_id)
) WITH (fillfactor = 70); -- room for updates in the page;
COMMENT ON TABLE public.user_activity_view IS
'One row per user with bets or payments: the sum of bets_view and payments_view, kept by triggers in the transaction of the event. Amounts have no trailing zeros. Read only. Example: SELECT user_id, staked FROM public.user_activity_view WHERE tenant_id = 10001 ORDER BY staked DESC LIMIT 10.';
COMMENT ON COLUMN public.user_activity_view.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.user_activity_view.user_id IS 'The user.';
COMMENT ON COLUMN public.user_activity_view.bets IS 'Bets of the user, cancelled ones included.';
COMMENT ON COLUMN public.user_activity_view.open_bets IS 'Bets that are placed or confirmed.';
COMMENT ON COLUMN public.user_activity_view.staked IS 'Stakes of the bets that were not cancelled.';
COMMENT ON COLUMN public.user_activity_view.paid_out IS 'Payouts of the settled bets.';
COMMENT ON COLUMN public.user_activity_view.net_result IS 'What the user won (above 0) or lost (below 0): payout less stake of the settled bets.';
COMMENT ON COLUMN public.user_activity_view.deposits IS 'Deposits that did not fail.';
COMMENT ON COLUMN public.user_activity_view.withdrawals IS 'Withdrawals that did not fail.';
COMMENT ON COLUMN public.user_activity_view.first_activity_at IS 'The time of the first event of a bet or payment of the user.';
COMMENT ON COLUMN public.user_activity_view.last_activity_at IS 'The time of the last event of a bet or payment of the user.';
ALTER TABLE public.user_activity_view ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.user_activity_view FORCE ROW LEVEL SECURITY;
CREATE POLICY trusted ON public.user_activity_view TO betledger_owner, betledger_app, betledger_reader, betledger_operator
USING (true) WITH CHECK (true);
-- Without a valid setting the right side is null, and no row is seen.
CREATE POLICY own_tenant ON public.user_activity_view FOR SELECT TO betledger_tenant
USING (tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint);
REVOKE ALL ON public.user_activity_view FROM public;
-- Only the owner writes, through the projection triggers.
GRANT SELECT ON public.user_activity_view TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.versioned (path, checksum) VALUES ('schema/0008_user_activity_view.sql', '311e044ddf094edf2438d7a77a3fc65e3d1a4aa01c5d1eca1527ffae930965cd') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
INSERT INTO betledger_migrations."_yoyo_log" ("id", "migration_hash", "migration_id", "operation", "username", "hostname", "created_at_utc") VALUES ('284b5679-fad1-466a-a299-4952988039ee', '4cfaccb285ef93ac14e61c26280030952c6e7c371b9aef9a15b34f63eeea1aa5', '0008_user_activity_view', 'apply', 'postgres', 'release', '2026-11-23 14:49:59.451701'::timestamp);
INSERT INTO betledger_migrations."_yoyo_migration" ("migration_hash", "migration_id", "applied_at_utc") VALUES ('4cfaccb285ef93ac14e61c26280030952c6e7c371b9aef9a15b34f63eeea1aa5', '0008_user_activity_view', '2026-11-23 14:49:59.451743'::timestamp);
COMMIT;

-- schema/0009_tenants_summary_view.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL ROLE betledger_owner;
-- A row per tenant would be hot: all writers of the tenant would queue on it. Each backend adds to one of a handful
-- of slots instead, and public.tenants_summary_view sums them.
CREATE TABLE projection.tenant_totals (
    tenant_id bigint NOT NULL,
    slot integer NOT NULL,
    users bigint NOT NULL DEFAULT 0,
    bets_placed bigint NOT NULL DEFAULT 0,
    bets_confirmed bigint NOT NULL DEFAULT 0,
    bets_settled bigint NOT NULL DEFAULT 0,
    bets_cancelled bigint NOT NULL DEFAULT 0,
    staked numeric NOT NULL DEFAULT 0,
    paid_out numeric NOT NULL DEFAULT 0,
    gross_gaming_revenue numeric NOT NULL DEFAULT 0,
    deposits numeric NOT NULL DEFAULT 0,
    withdrawals numeric NOT NULL DEFAULT 0,
    balances numeric NOT NULL DEFAULT 0,
    CONSTRAINT tenant_totals_pkey PRIMARY KEY (tenant_id, slot)
) WITH (fillfactor = 10); -- small, and updated all the time: keep the slots in pages of their own;
COMMENT ON TABLE projection.tenant_totals IS
'Counters behind public.tenants_summary_view: the sum over the slots of a tenant is its total; a single slot means nothing.';
ALTER TABLE projection.tenant_totals ENABLE ROW LEVEL SECURITY;
ALTER TABLE projection.tenant_totals FORCE ROW LEVEL SECURITY;
CREATE POLICY trusted ON projection.tenant_totals TO betledger_owner, betledger_app, betledger_reader, betledger_operator
USING (true) WITH CHECK (true);
-- Without a valid setting the right side is null, and no row is seen.
CREATE POLICY own_tenant ON projection.tenant_totals FOR SELECT TO betledger_tenant
USING (tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint);
REVOKE ALL ON projection.tenant_totals FROM public;
-- Only the owner writes, through the projection triggers.
GRANT SELECT ON projection.tenant_totals TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
CREATE VIEW public.tenants_summary_view WITH (security_invoker = true) AS
SELECT
    t.tenant_id,
    sum(t.users)::bigint AS users,
    sum(t.bets_placed + t.bets_confirmed + t.bets_settled + t.bets_cancelled)::bigint AS bets,
    sum(t.bets_placed)::bigint AS bets_placed,
    sum(t.bets_confirmed)::bigint AS bets_confirmed,
    sum(t.bets_settled)::bigint AS bets_settled,
    sum(t.bets_cancelled)::bigint AS bets_cancelled,
    trim_scale(sum(t.staked)) AS staked,
    trim_scale(sum(t.paid_out)) AS paid_out,
    trim_scale(sum(t.gross_gaming_revenue)) AS gross_gaming_revenue,
    trim_scale(sum(t.deposits)) AS deposits,
    trim_scale(sum(t.withdrawals)) AS withdrawals,
    trim_scale(sum(t.balances)) AS balances,
    -- An index end per table, always exact: nothing to keep, nothing to queue on.
    to_timestamp(greatest(
        (SELECT max(b."timestamp") FROM public.bet_events AS b WHERE b.tenant_id = t.tenant_id),
        (SELECT max(p."timestamp") FROM public.payment_events AS p WHERE p.tenant_id = t.tenant_id),
        (SELECT max(c."timestamp") FROM public.balance_events AS c WHERE c.tenant_id = t.tenant_id)
    ) / 1000.0::double precision) AS last_activity_at
FROM projection.tenant_totals AS t
GROUP BY t.tenant_id;
COMMENT ON VIEW public.tenants_summary_view IS
'One row per tenant: the sum of bets_view, payments_view, user_balances_view and the number of rows of user_activity_view, always up to date. Amounts have no trailing zeros. Read only. Example: SELECT * FROM public.tenants_summary_view WHERE tenant_id = 10001.';
COMMENT ON COLUMN public.tenants_summary_view.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.tenants_summary_view.users IS 'Users with a bet or a payment.';
COMMENT ON COLUMN public.tenants_summary_view.bets IS 'All bets.';
COMMENT ON COLUMN public.tenants_summary_view.bets_placed IS 'Bets with status placed.';
COMMENT ON COLUMN public.tenants_summary_view.bets_confirmed IS 'Bets with status confirmed.';
COMMENT ON COLUMN public.tenants_summary_view.bets_settled IS 'Bets with status settled.';
COMMENT ON COLUMN public.tenants_summary_view.bets_cancelled IS 'Bets with status cancelled.';
COMMENT ON COLUMN public.tenants_summary_view.staked IS 'Stakes of the bets that were not cancelled.';
COMMENT ON COLUMN public.tenants_summary_view.paid_out IS 'Payouts of the settled bets.';
COMMENT ON COLUMN public.tenants_summary_view.gross_gaming_revenue IS 'Stake less payout of the settled bets: what the house won.';
COMMENT ON COLUMN public.tenants_summary_view.deposits IS 'Deposits that did not fail.';
COMMENT ON COLUMN public.tenants_summary_view.withdrawals IS 'Withdrawals that did not fail.';
COMMENT ON COLUMN public.tenants_summary_view.balances IS 'The sum of the balances of all users.';
COMMENT ON COLUMN public.tenants_summary_view.last_activity_at IS 'The time of the last event of the tenant.';
REVOKE ALL ON public.tenants_summary_view FROM public;
GRANT SELECT ON public.tenants_summary_view TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.versioned (path, checksum) VALUES ('schema/0009_tenants_summary_view.sql', '0c3e05c959f894f8337a979d4d9ee844c3dee89387819e53e6e4dda006a625dc') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
INSERT INTO betledger_migrations."_yoyo_log" ("id", "migration_hash", "migration_id", "operation", "username", "hostname", "created_at_utc") VALUES ('17cc0d91-a367-48c9-a378-2f7cff43fc80', 'ca8e59d430b4331c5c0597ddd8f71bb35f841e9ebea39381ba4be701887462ad', '0009_tenants_summary_view', 'apply', 'postgres', 'release', '2026-11-23 14:49:59.457075'::timestamp);
INSERT INTO betledger_migrations."_yoyo_migration" ("migration_hash", "migration_id", "applied_at_utc") VALUES ('ca8e59d430b4331c5c0597ddd8f71bb35f841e9ebea39381ba4be701887462ad', '0009_tenants_summary_view', '2026-11-23 14:49:59.457129'::timestamp);
COMMIT;

-- schema/0010_event_types.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
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
RESET ROLE;
INSERT INTO betledger_migrations.versioned (path, checksum) VALUES ('schema/0010_event_types.sql', 'e019afeca8c8edd842c73ccf82e6cccfa67e92781272cc537877ea90a7ae03f8') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
INSERT INTO betledger_migrations."_yoyo_log" ("id", "migration_hash", "migration_id", "operation", "username", "hostname", "created_at_utc") VALUES ('041f99d3-8793-4fbe-b12f-bd249dba29c8', '3a9994155f6944bfb34c02404264923bcf2090baa4e2fbf90293148d58e68c24', '0010_event_types', 'apply', 'postgres', 'release', '2026-11-23 14:49:59.459350'::timestamp);
INSERT INTO betledger_migrations."_yoyo_migration" ("migration_hash", "migration_id", "applied_at_utc") VALUES ('3a9994155f6944bfb34c02404264923bcf2090baa4e2fbf90293148d58e68c24', '0010_event_types', '2026-11-23 14:49:59.459406'::timestamp);
COMMIT;

-- schema/0011_projections.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
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
RESET ROLE;
INSERT INTO betledger_migrations.versioned (path, checksum) VALUES ('schema/0011_projections.sql', 'a0bd23f7c423cab1b4d7b54f9c6e8403a93c6f8d234b6781674add5d13f29acc') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
INSERT INTO betledger_migrations."_yoyo_log" ("id", "migration_hash", "migration_id", "operation", "username", "hostname", "created_at_utc") VALUES ('4a91b66e-9cf5-4d1d-826c-31b3f46b8cb8', 'c6a3162c9360c8189d43eefbd362c1d16e1584aa443b799066035aca6266b2d1', '0011_projections', 'apply', 'postgres', 'release', '2026-11-23 14:49:59.463111'::timestamp);
INSERT INTO betledger_migrations."_yoyo_migration" ("migration_hash", "migration_id", "applied_at_utc") VALUES ('c6a3162c9360c8189d43eefbd362c1d16e1584aa443b799066035aca6266b2d1', '0011_projections', '2026-11-23 14:49:59.463176'::timestamp);
COMMIT;

-- schema/0012_maintenance_runs.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
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
'What was looked after, and when: written by ops.verify_projections(), ops.rebuild_projection() and ops.purge_idempotency_keys() as they end, read by `betledger status`. Runs of more than a year ago are forgotten.';
COMMENT ON COLUMN ops.maintenance_runs.id IS 'Tells runs apart.';
COMMENT ON COLUMN ops.maintenance_runs.command IS 'verify, rebuild or purge.';
COMMENT ON COLUMN ops.maintenance_runs.only_tenant IS 'The tenant that it was for; null for all.';
COMMENT ON COLUMN ops.maintenance_runs.found IS 'verify: the rows that differed. null for the others.';
COMMENT ON COLUMN ops.maintenance_runs.finished_at IS 'When it ended.';
REVOKE ALL ON ops.maintenance_runs FROM public;
GRANT SELECT ON ops.maintenance_runs TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.versioned (path, checksum) VALUES ('schema/0012_maintenance_runs.sql', '0f3ae29199bb7fcdaa0bc2748087325a69abbb4f0cb8fabffb5b400491d5cfb2') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
INSERT INTO betledger_migrations."_yoyo_log" ("id", "migration_hash", "migration_id", "operation", "username", "hostname", "created_at_utc") VALUES ('2d2d8760-67ef-4fcf-9461-52f497a00503', '029d1079aa4a4a651f3a0418a9e5dcb387ea5cd9116cb2e09177b77a2638f24d', '0012_maintenance_runs', 'apply', 'postgres', 'release', '2026-11-23 14:49:59.464356'::timestamp);
INSERT INTO betledger_migrations."_yoyo_migration" ("migration_hash", "migration_id", "applied_at_utc") VALUES ('029d1079aa4a4a651f3a0418a9e5dcb387ea5cd9116cb2e09177b77a2638f24d', '0012_maintenance_runs', '2026-11-23 14:49:59.464474'::timestamp);
COMMIT;

-- functions/api/balance_as_of.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.balance_as_of(p_tenant_id bigint, p_user_id text, p_at_ms bigint)
RETURNS SETOF public.user_balances_view
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    RETURN QUERY EXECUTE projection.fold_text(
        'projection.user_balances_fold',
        '(SELECT b.* FROM public.balance_events AS b WHERE b.tenant_id = $1 AND b.event_data ->> ''user_id'' = $2 AND b."timestamp" <= $3)'
    ) USING p_tenant_id, p_user_id, p_at_ms;
END
$$;
COMMENT ON FUNCTION public.balance_as_of(bigint, text, bigint) IS
'The row of user_balances_view as of a moment, in milliseconds since 1970-01-01 UTC: the fold of the events up to it, the moment included; no row when there were none. Errors: BL001 bad tenant, BL006 foreign tenant. Example: SELECT balance FROM public.balance_as_of(10001, ''user-1'', 1700000000000).';
REVOKE ALL ON FUNCTION public.balance_as_of(bigint, text, bigint) FROM public;
GRANT EXECUTE ON FUNCTION public.balance_as_of(bigint, text, bigint) TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/balance_as_of.sql', '23d28123ddbce64f3df394175b0e33e680bbc543d32d0ba5f91f24440531c93f') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/api/balance_history.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.balance_history(p_tenant_id bigint, p_user_id text)
RETURNS TABLE (
    id uuid, aggregate_id text, event_type text, event_data jsonb, "timestamp" bigint, version integer, metadata jsonb, created_at timestamptz
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    RETURN QUERY
    SELECT e.id, e.aggregate_id, e.event_type, e.event_data, e."timestamp", e.version, e.metadata, e.created_at
    FROM public.balance_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.event_data ->> 'user_id' = p_user_id
    ORDER BY e."timestamp", e.id;
END
$$;
COMMENT ON FUNCTION public.balance_history(bigint, text) IS
'The balance events of a user in the order of time; none when there are none. Errors: BL001 bad tenant, BL006 foreign tenant. Example: SELECT * FROM public.balance_history(10001, ''user-1'').';
REVOKE ALL ON FUNCTION public.balance_history(bigint, text) FROM public;
GRANT EXECUTE ON FUNCTION public.balance_history(bigint, text) TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/balance_history.sql', '59fda69e4b2da9c6caecc1af74aa029852597e74d5656a9b07f0a4cb480dde3e') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/api/bet_as_of.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.bet_as_of(p_tenant_id bigint, p_bet_id text, p_at_ms bigint)
RETURNS SETOF public.bets_view
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    RETURN QUERY EXECUTE projection.fold_text(
        'projection.bets_fold',
        '(SELECT b.* FROM public.bet_events AS b WHERE b.tenant_id = $1 AND b.aggregate_id = $2 AND b."timestamp" <= $3)'
    ) USING p_tenant_id, p_bet_id, p_at_ms;
END
$$;
COMMENT ON FUNCTION public.bet_as_of(bigint, text, bigint) IS
'The row of bets_view as of a moment, in milliseconds since 1970-01-01 UTC: the fold of the events up to it, the moment included; no row when there were none. Errors: BL001 bad tenant, BL006 foreign tenant. Example: SELECT * FROM public.bet_as_of(10001, ''bet-1'', 1700000000000).';
REVOKE ALL ON FUNCTION public.bet_as_of(bigint, text, bigint) FROM public;
GRANT EXECUTE ON FUNCTION public.bet_as_of(bigint, text, bigint) TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/bet_as_of.sql', 'ad4a9cfc4f2719736993b7894052c3485e625776aef816f1d61eab245a0d40b1') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/api/bet_events_between.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.bet_events_between(p_tenant_id bigint, p_from_ms bigint, p_to_ms bigint, p_limit integer DEFAULT 1000)
RETURNS TABLE (
    id uuid, aggregate_id text, event_type text, event_data jsonb, "timestamp" bigint, version integer, metadata jsonb, created_at timestamptz
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    IF p_limit IS NULL OR p_limit < 0 THEN
        PERFORM projection.refuse_argument('limit', p_limit::text, 'Send the highest number of events to give, 0 or more.');
    END IF;
    RETURN QUERY
    SELECT e.id, e.aggregate_id, e.event_type, e.event_data, e."timestamp", e.version, e.metadata, e.created_at
    FROM public.bet_events AS e
    WHERE e.tenant_id = p_tenant_id AND e."timestamp" BETWEEN p_from_ms AND p_to_ms
    ORDER BY e."timestamp", e.id
    LIMIT p_limit;
END
$$;
COMMENT ON FUNCTION public.bet_events_between(bigint, bigint, bigint, integer) IS
'The bet events of a tenant from one time to another, both included, in milliseconds since 1970-01-01 UTC; the first p_limit in the order of time. For the next page start from the last timestamp and leave out the ids that you have. Errors: BL001 bad tenant or limit, BL006 foreign tenant. Example: SELECT * FROM public.bet_events_between(10001, 1700000000000, 1700003600000).';
REVOKE ALL ON FUNCTION public.bet_events_between(bigint, bigint, bigint, integer) FROM public;
GRANT EXECUTE ON FUNCTION public.bet_events_between(bigint, bigint, bigint, integer) TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/bet_events_between.sql', 'c2e2353dbacc8518f29b2d4e5918c579f0052b00c48317bf686cd94036e43aa4') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/api/bet_history.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.bet_history(p_tenant_id bigint, p_bet_id text)
RETURNS TABLE (
    id uuid, aggregate_id text, event_type text, event_data jsonb, "timestamp" bigint, version integer, metadata jsonb, created_at timestamptz
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    RETURN QUERY
    SELECT e.id, e.aggregate_id, e.event_type, e.event_data, e."timestamp", e.version, e.metadata, e.created_at
    FROM public.bet_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_bet_id
    ORDER BY e."timestamp", projection.event_rank(e.event_type), e.id;
END
$$;
COMMENT ON FUNCTION public.bet_history(bigint, text) IS
'The events of a bet in the order in which they fold; none when there is no such bet. Errors: BL001 bad tenant, BL006 foreign tenant. Example: SELECT * FROM public.bet_history(10001, ''bet-1'').';
REVOKE ALL ON FUNCTION public.bet_history(bigint, text) FROM public;
GRANT EXECUTE ON FUNCTION public.bet_history(bigint, text) TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/bet_history.sql', 'eb617fb3f90e9fd54ce6807622528350114b2b1fa491b1bacfc6b047a5c761da') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/api/cancel_bet.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.cancel_bet(
    p_tenant_id bigint, p_bet_id text, p_reason text DEFAULT NULL, p_idempotency_key text DEFAULT NULL
)
RETURNS TABLE (
    tenant_id bigint, bet_id text, user_id text, stake numeric, odds numeric, fixture_id text, status text, result text, payout numeric, idempotency_key text, created_at timestamptz, last_updated_at timestamptz, duplicate boolean
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_bet_id text := p_bet_id;
    v_event record;
BEGIN
    SELECT a.* INTO v_event FROM projection.append_to_bet(
        p_tenant_id, p_bet_id, 'CANCELLED', jsonb_build_object('reason', p_reason), p_idempotency_key
    ) AS a;
    IF v_event.placed -> 'from_balance' = 'true' THEN
        PERFORM projection.change_balance(
            p_tenant_id, v_event.placed ->> 'user_id', 'INCREASED', (v_event.placed ->> 'stake')::numeric, v_event.event_time, p_bet_id,
            projection.event_id(p_tenant_id, 'cancel balance', p_bet_id), jsonb_build_object('bet_id', p_bet_id),
            CASE WHEN p_idempotency_key IS NOT NULL THEN jsonb_build_object('idempotency_key', p_idempotency_key) END
        );
    END IF;
    RETURN QUERY
    SELECT b.tenant_id, b.bet_id, b.user_id, b.stake, b.odds, b.fixture_id, b.status, b.result, b.payout, b.idempotency_key, b.created_at, b.last_updated_at, v_event.duplicate
    FROM public.bets_view AS b WHERE b.tenant_id = p_tenant_id AND b.bet_id = v_bet_id;
END
$$;
COMMENT ON FUNCTION public.cancel_bet(bigint, text, text, text) IS
'Cancels a placed or confirmed bet. A stake that was taken from the balance is given back. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant. Example: SELECT * FROM public.cancel_bet(10001, ''bet-1'', ''match abandoned'').';
REVOKE ALL ON FUNCTION public.cancel_bet(bigint, text, text, text) FROM public;
GRANT EXECUTE ON FUNCTION public.cancel_bet(bigint, text, text, text) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/cancel_bet.sql', 'cc9501baad0418d6e9f3f66a4e357d9ead66edc83c1065d80e0769def2d03808') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/api/complete_payment.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.complete_payment(p_tenant_id bigint, p_payment_id text, p_idempotency_key text DEFAULT NULL)
RETURNS TABLE (
    tenant_id bigint, payment_id text, user_id text, type text, amount numeric, status text, idempotency_key text, created_at timestamptz, last_updated_at timestamptz, balance numeric, duplicate boolean
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_payment_id text := p_payment_id;
    v_event record;
BEGIN
    SELECT a.* INTO v_event FROM projection.append_to_payment(
        p_tenant_id, p_payment_id, 'COMPLETED', '{}', p_idempotency_key
    ) AS a;
    RETURN QUERY
    SELECT p.tenant_id, p.payment_id, p.user_id, p.type, p.amount, p.status, p.idempotency_key, p.created_at, p.last_updated_at,
        coalesce(
            (SELECT u.balance FROM public.user_balances_view AS u WHERE u.tenant_id = p_tenant_id AND u.user_id = p.user_id), 0
        ), v_event.duplicate
    FROM public.payments_view AS p WHERE p.tenant_id = p_tenant_id AND p.payment_id = v_payment_id;
END
$$;
COMMENT ON FUNCTION public.complete_payment(bigint, text, text) IS
'Marks a created deposit or withdrawal as completed; the balance has changed already when it was created. Gives the row of payments_view and the balance; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such payment, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant. Example: SELECT * FROM public.complete_payment(10001, ''payment-1'').';
REVOKE ALL ON FUNCTION public.complete_payment(bigint, text, text) FROM public;
GRANT EXECUTE ON FUNCTION public.complete_payment(bigint, text, text) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/complete_payment.sql', '074d644c720f1f3072d5e393a43334b1efafb143bfedf4d2520dcafe4ed3a09b') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/api/confirm_bet.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.confirm_bet(
    p_tenant_id bigint, p_bet_id text, p_idempotency_key text DEFAULT NULL
)
RETURNS TABLE (
    tenant_id bigint, bet_id text, user_id text, stake numeric, odds numeric, fixture_id text, status text, result text, payout numeric, idempotency_key text, created_at timestamptz, last_updated_at timestamptz, duplicate boolean
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_bet_id text := p_bet_id;
    v_event record;
BEGIN
    SELECT a.* INTO v_event FROM projection.append_to_bet(
        p_tenant_id, p_bet_id, 'CONFIRMED', '{}', p_idempotency_key
    ) AS a;
    RETURN QUERY
    SELECT b.tenant_id, b.bet_id, b.user_id, b.stake, b.odds, b.fixture_id, b.status, b.result, b.payout, b.idempotency_key, b.created_at, b.last_updated_at, v_event.duplicate
    FROM public.bets_view AS b WHERE b.tenant_id = p_tenant_id AND b.bet_id = v_bet_id;
END
$$;
COMMENT ON FUNCTION public.confirm_bet(bigint, text, text) IS
'Confirms a placed bet. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant. Example: SELECT * FROM public.confirm_bet(10001, ''bet-1'').';
REVOKE ALL ON FUNCTION public.confirm_bet(bigint, text, text) FROM public;
GRANT EXECUTE ON FUNCTION public.confirm_bet(bigint, text, text) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/confirm_bet.sql', 'bbaa62f956fdb4b644e638b46ac84c62f6752356e6c9ee996e9cdea9044ad4f0') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/api/deposit.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.deposit(p_tenant_id bigint, p_user_id text, p_amount numeric, p_idempotency_key text)
RETURNS TABLE (
    tenant_id bigint, payment_id text, user_id text, type text, amount numeric, status text, idempotency_key text, created_at timestamptz, last_updated_at timestamptz, balance numeric, duplicate boolean
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_id uuid := projection.event_id(p_tenant_id, 'deposit', p_idempotency_key);
    v_payment_id text := 'payment-' || v_id;
    v_now bigint := projection.current_ms();
    v_event_data jsonb := jsonb_build_object('user_id', p_user_id, 'amount', p_amount);
    v_metadata jsonb := jsonb_build_object('idempotency_key', p_idempotency_key);
    v_stored record;
    v_duplicate boolean;
BEGIN
    IF p_tenant_id IS NULL THEN
        PERFORM projection.require_tenant(p_tenant_id);
    END IF;
    IF p_idempotency_key IS NULL THEN
        PERFORM projection.refuse_argument('idempotency_key', NULL, 'Send a key of 1 to 200 characters, new for each new operation.');
    END IF;
    INSERT INTO public.payment_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
    VALUES (
        v_id, p_tenant_id, v_payment_id, 'V1_PAYMENTS_DEPOSIT_CREATED',
        v_event_data || jsonb_build_object('payment_id', v_payment_id), v_now, 1, v_metadata
    )
    ON CONFLICT DO NOTHING;
    v_duplicate := NOT FOUND;
    IF v_duplicate THEN
        SELECT s.* INTO v_stored FROM projection.payment_event_of_request(p_tenant_id, v_id, p_idempotency_key) AS s;
        PERFORM projection.require_same_request(
            p_idempotency_key, v_stored.event_type, 'V1_PAYMENTS_DEPOSIT_CREATED', v_stored.event_data, v_event_data
        );
        v_payment_id := v_stored.aggregate_id;
    ELSE
        PERFORM projection.change_balance(
            p_tenant_id, p_user_id, 'INCREASED', p_amount, v_now, v_payment_id,
            projection.event_id(p_tenant_id, 'deposit balance', p_idempotency_key),
            jsonb_build_object('payment_id', v_payment_id), v_metadata
        );
    END IF;
    RETURN QUERY
    SELECT p.tenant_id, p.payment_id, p.user_id, p.type, p.amount, p.status, p.idempotency_key, p.created_at, p.last_updated_at,
        coalesce(
            (SELECT u.balance FROM public.user_balances_view AS u WHERE u.tenant_id = p_tenant_id AND u.user_id = p.user_id), 0
        ), v_duplicate
    FROM public.payments_view AS p WHERE p.tenant_id = p_tenant_id AND p.payment_id = v_payment_id;
END
$$;
COMMENT ON FUNCTION public.deposit(bigint, text, numeric, text) IS
'Deposits money: the balance of the user is credited at once. Amount in the currency of the tenant, above 0. Gives the row of payments_view and the new balance; duplicate is true when the key was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL005 the key was used otherwise, BL006 foreign tenant. Example: SELECT * FROM public.deposit(10001, ''user-1'', 100, ''key-2'').';
REVOKE ALL ON FUNCTION public.deposit(bigint, text, numeric, text) FROM public;
GRANT EXECUTE ON FUNCTION public.deposit(bigint, text, numeric, text) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/deposit.sql', 'ec7f37c078cc7e8e09f22dbd9e68e687db5d999eaf4677b722155f0765a09147') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/api/fail_payment.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.fail_payment(p_tenant_id bigint, p_payment_id text, p_reason text DEFAULT NULL, p_idempotency_key text DEFAULT NULL)
RETURNS TABLE (
    tenant_id bigint, payment_id text, user_id text, type text, amount numeric, status text, idempotency_key text, created_at timestamptz, last_updated_at timestamptz, balance numeric, duplicate boolean
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_payment_id text := p_payment_id;
    v_event record;
    v_credited numeric;
BEGIN
    SELECT a.* INTO v_event FROM projection.append_to_payment(
        p_tenant_id, p_payment_id, 'FAILED', jsonb_build_object('reason', p_reason), p_idempotency_key
    ) AS a;
    IF NOT v_event.duplicate THEN
        -- What the payment did to the balance, be it made by a function or by a client: within an hour of its creation.
        SELECT sum(CASE e.event_type WHEN 'V1_BALANCES_BALANCE_INCREASED' THEN 1 ELSE -1 END * (e.event_data ->> 'amount')::numeric)
        INTO v_credited
        FROM public.balance_events AS e
        WHERE e.tenant_id = p_tenant_id AND e.event_data ->> 'user_id' = v_event.user_id
            AND e."timestamp" BETWEEN v_event.created_ms - 3600000 AND v_event.created_ms + 3600000
            AND e.event_data ->> 'payment_id' = p_payment_id;
        IF v_credited <> 0 THEN
            PERFORM projection.change_balance(
                p_tenant_id, v_event.user_id, CASE WHEN v_credited > 0 THEN 'DECREASED' ELSE 'INCREASED' END, abs(v_credited),
                v_event.event_time, p_payment_id, projection.event_id(p_tenant_id, 'fail balance', p_payment_id),
                jsonb_build_object('payment_id', p_payment_id),
                CASE WHEN p_idempotency_key IS NOT NULL THEN jsonb_build_object('idempotency_key', p_idempotency_key) END
            );
        END IF;
    END IF;
    RETURN QUERY
    SELECT p.tenant_id, p.payment_id, p.user_id, p.type, p.amount, p.status, p.idempotency_key, p.created_at, p.last_updated_at,
        coalesce(
            (SELECT u.balance FROM public.user_balances_view AS u WHERE u.tenant_id = p_tenant_id AND u.user_id = p.user_id), 0
        ), v_event.duplicate
    FROM public.payments_view AS p WHERE p.tenant_id = p_tenant_id AND p.payment_id = v_payment_id;
END
$$;
COMMENT ON FUNCTION public.fail_payment(bigint, text, text, text) IS
'Marks a created deposit or withdrawal as failed and takes back what it did to the balance. Gives the row of payments_view and the balance; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such payment, BL003 forbidden transition, BL004 the money of a failed deposit is spent, BL005 the key was used otherwise, BL006 foreign tenant. Example: SELECT * FROM public.fail_payment(10001, ''payment-1'', ''card declined'').';
REVOKE ALL ON FUNCTION public.fail_payment(bigint, text, text, text) FROM public;
GRANT EXECUTE ON FUNCTION public.fail_payment(bigint, text, text, text) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/fail_payment.sql', '1a7f9b4127c1306a86e9a7aa7fc95161b5a10076ad0e9d850f8d5d7eb6dac43f') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/api/payment_history.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.payment_history(p_tenant_id bigint, p_payment_id text)
RETURNS TABLE (
    id uuid, aggregate_id text, event_type text, event_data jsonb, "timestamp" bigint, version integer, metadata jsonb, created_at timestamptz
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    RETURN QUERY
    SELECT e.id, e.aggregate_id, e.event_type, e.event_data, e."timestamp", e.version, e.metadata, e.created_at
    FROM public.payment_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_payment_id
    ORDER BY e."timestamp", projection.event_rank(e.event_type), e.id;
END
$$;
COMMENT ON FUNCTION public.payment_history(bigint, text) IS
'The events of a payment in the order in which they fold; none when there is no such payment. Errors: BL001 bad tenant, BL006 foreign tenant. Example: SELECT * FROM public.payment_history(10001, ''payment-1'').';
REVOKE ALL ON FUNCTION public.payment_history(bigint, text) FROM public;
GRANT EXECUTE ON FUNCTION public.payment_history(bigint, text) TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/payment_history.sql', '9ba9151875fcca9782b1c81a79a8a9f00d4dc575d1574f307712748ba910d61d') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/api/place_bet.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.place_bet(
    p_tenant_id bigint, p_user_id text, p_stake numeric, p_odds numeric, p_fixture_id text, p_idempotency_key text,
    p_from_balance boolean DEFAULT false
)
RETURNS TABLE (
    tenant_id bigint, bet_id text, user_id text, stake numeric, odds numeric, fixture_id text, status text, result text, payout numeric, idempotency_key text, created_at timestamptz, last_updated_at timestamptz, duplicate boolean
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_id uuid := projection.event_id(p_tenant_id, 'place_bet', p_idempotency_key);
    v_bet_id text := 'bet-' || v_id;
    v_now bigint := projection.current_ms();
    v_event_data jsonb := jsonb_build_object(
        'user_id', p_user_id, 'stake', p_stake, 'odds', p_odds, 'fixture_id', p_fixture_id
    ) || CASE WHEN p_from_balance THEN '{"from_balance": true}' ELSE '{}' END::jsonb;
    v_metadata jsonb := jsonb_build_object('idempotency_key', p_idempotency_key);
    v_stored record;
    v_duplicate boolean := false;
BEGIN
    IF p_tenant_id IS NULL THEN
        PERFORM projection.require_tenant(p_tenant_id);
    END IF;
    IF p_idempotency_key IS NULL THEN
        PERFORM projection.refuse_argument('idempotency_key', NULL, 'Send a key of 1 to 200 characters, new for each new operation.');
    END IF;
    INSERT INTO public.bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
    VALUES (v_id, p_tenant_id, v_bet_id, 'V1_BETS_BET_PLACED', v_event_data, v_now, 1, v_metadata)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        SELECT s.* INTO v_stored FROM projection.bet_event_of_request(p_tenant_id, v_id, p_idempotency_key) AS s;
        PERFORM projection.require_same_request(
            p_idempotency_key, v_stored.event_type, 'V1_BETS_BET_PLACED', '{"from_balance": false}' || v_stored.event_data,
            '{"from_balance": false}' || v_event_data
        );
        v_bet_id := v_stored.aggregate_id;
        v_duplicate := true;
    ELSIF p_from_balance THEN
        PERFORM projection.change_balance(
            p_tenant_id, p_user_id, 'DECREASED', p_stake, v_now, v_bet_id,
            projection.event_id(p_tenant_id, 'place_bet balance', p_idempotency_key), jsonb_build_object('bet_id', v_bet_id), v_metadata
        );
    END IF;
    RETURN QUERY
    SELECT b.tenant_id, b.bet_id, b.user_id, b.stake, b.odds, b.fixture_id, b.status, b.result, b.payout, b.idempotency_key, b.created_at, b.last_updated_at, v_duplicate
    FROM public.bets_view AS b WHERE b.tenant_id = p_tenant_id AND b.bet_id = v_bet_id;
END
$$;
COMMENT ON FUNCTION public.place_bet(bigint, text, numeric, numeric, text, text, boolean) IS
'Places a bet. Stake in the currency of the tenant, above 0; decimal odds, 1 or more; with p_from_balance the stake is taken from the balance of the user. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL004 insufficient funds, BL005 the key was used otherwise, BL006 foreign tenant. Example: SELECT * FROM public.place_bet(10001, ''user-1'', 10.50, 1.85, ''match-7'', ''key-1'').';
REVOKE ALL ON FUNCTION public.place_bet(bigint, text, numeric, numeric, text, text, boolean) FROM public;
GRANT EXECUTE ON FUNCTION public.place_bet(bigint, text, numeric, numeric, text, text, boolean) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/place_bet.sql', '3194dbeecb213af5161e30610a9126761d2333e16c737df7c9a6bfc184f56dad') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/api/settle_bet.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.settle_bet(
    p_tenant_id bigint, p_bet_id text, p_result text, p_payout numeric, p_idempotency_key text DEFAULT NULL
)
RETURNS TABLE (
    tenant_id bigint, bet_id text, user_id text, stake numeric, odds numeric, fixture_id text, status text, result text, payout numeric, idempotency_key text, created_at timestamptz, last_updated_at timestamptz, duplicate boolean
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_bet_id text := p_bet_id;
    v_event record;
BEGIN
    SELECT a.* INTO v_event FROM projection.append_to_bet(
        p_tenant_id, p_bet_id, 'SETTLED', jsonb_build_object('result', p_result, 'payout', p_payout), p_idempotency_key
    ) AS a;
    IF v_event.placed -> 'from_balance' = 'true' AND p_payout > 0 THEN
        PERFORM projection.change_balance(
            p_tenant_id, v_event.placed ->> 'user_id', 'INCREASED', p_payout, v_event.event_time, p_bet_id,
            projection.event_id(p_tenant_id, 'settle balance', p_bet_id), jsonb_build_object('bet_id', p_bet_id),
            CASE WHEN p_idempotency_key IS NOT NULL THEN jsonb_build_object('idempotency_key', p_idempotency_key) END
        );
    END IF;
    RETURN QUERY
    SELECT b.tenant_id, b.bet_id, b.user_id, b.stake, b.odds, b.fixture_id, b.status, b.result, b.payout, b.idempotency_key, b.created_at, b.last_updated_at, v_event.duplicate
    FROM public.bets_view AS b WHERE b.tenant_id = p_tenant_id AND b.bet_id = v_bet_id;
END
$$;
COMMENT ON FUNCTION public.settle_bet(bigint, text, text, numeric, text) IS
'Settles a placed or confirmed bet: result win, loss or void; payout 0 or more, in the currency of the tenant. A bet that was staked from the balance is paid out to it. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant. Example: SELECT * FROM public.settle_bet(10001, ''bet-1'', ''win'', 19.43).';
REVOKE ALL ON FUNCTION public.settle_bet(bigint, text, text, numeric, text) FROM public;
GRANT EXECUTE ON FUNCTION public.settle_bet(bigint, text, text, numeric, text) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/settle_bet.sql', 'd61b676ca062d1620098fe954469580682badd2c6b954611e84d2b295bfafe41') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/api/withdraw.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION public.withdraw(p_tenant_id bigint, p_user_id text, p_amount numeric, p_idempotency_key text)
RETURNS TABLE (
    tenant_id bigint, payment_id text, user_id text, type text, amount numeric, status text, idempotency_key text, created_at timestamptz, last_updated_at timestamptz, balance numeric, duplicate boolean
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_id uuid := projection.event_id(p_tenant_id, 'withdraw', p_idempotency_key);
    v_payment_id text := 'payment-' || v_id;
    v_now bigint := projection.current_ms();
    v_event_data jsonb := jsonb_build_object('user_id', p_user_id, 'amount', p_amount);
    v_metadata jsonb := jsonb_build_object('idempotency_key', p_idempotency_key);
    v_stored record;
    v_duplicate boolean;
BEGIN
    IF p_tenant_id IS NULL THEN
        PERFORM projection.require_tenant(p_tenant_id);
    END IF;
    IF p_idempotency_key IS NULL THEN
        PERFORM projection.refuse_argument('idempotency_key', NULL, 'Send a key of 1 to 200 characters, new for each new operation.');
    END IF;
    INSERT INTO public.payment_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
    VALUES (
        v_id, p_tenant_id, v_payment_id, 'V1_PAYMENTS_WITHDRAWAL_CREATED',
        v_event_data || jsonb_build_object('payment_id', v_payment_id), v_now, 1, v_metadata
    )
    ON CONFLICT DO NOTHING;
    v_duplicate := NOT FOUND;
    IF v_duplicate THEN
        SELECT s.* INTO v_stored FROM projection.payment_event_of_request(p_tenant_id, v_id, p_idempotency_key) AS s;
        PERFORM projection.require_same_request(
            p_idempotency_key, v_stored.event_type, 'V1_PAYMENTS_WITHDRAWAL_CREATED', v_stored.event_data, v_event_data
        );
        v_payment_id := v_stored.aggregate_id;
    ELSE
        PERFORM projection.change_balance(
            p_tenant_id, p_user_id, 'DECREASED', p_amount, v_now, v_payment_id,
            projection.event_id(p_tenant_id, 'withdraw balance', p_idempotency_key),
            jsonb_build_object('payment_id', v_payment_id), v_metadata
        );
    END IF;
    RETURN QUERY
    SELECT p.tenant_id, p.payment_id, p.user_id, p.type, p.amount, p.status, p.idempotency_key, p.created_at, p.last_updated_at,
        coalesce(
            (SELECT u.balance FROM public.user_balances_view AS u WHERE u.tenant_id = p_tenant_id AND u.user_id = p.user_id), 0
        ), v_duplicate
    FROM public.payments_view AS p WHERE p.tenant_id = p_tenant_id AND p.payment_id = v_payment_id;
END
$$;
COMMENT ON FUNCTION public.withdraw(bigint, text, numeric, text) IS
'Withdraws money: it is taken from the balance of the user at once, and given back by fail_payment. Amount in the currency of the tenant, above 0. Gives the row of payments_view and the new balance; duplicate is true when the key was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL004 insufficient funds, BL005 the key was used otherwise, BL006 foreign tenant. Example: SELECT * FROM public.withdraw(10001, ''user-1'', 100, ''key-3'').';
REVOKE ALL ON FUNCTION public.withdraw(bigint, text, numeric, text) FROM public;
GRANT EXECUTE ON FUNCTION public.withdraw(bigint, text, numeric, text) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/api/withdraw.sql', '2d167437b27d88ff965cf40291d7604c025a427edef7234f4011693874433612') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/distribute.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.distribute(p_with_rows boolean DEFAULT true)
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table text;
    v_function regprocedure;
    v_first text;
    v_before text;
    v_after text;
    v_has_rows boolean;
    v_event_tables text[] := '{}';
BEGIN
    IF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN
        RAISE EXCEPTION 'database % has no Citus', current_database()
            USING ERRCODE = 'BL030', HINT = 'Run CREATE EXTENSION citus on the coordinator and on all workers, and add the workers with citus_add_node().';
    END IF;

    FOREACH v_table IN ARRAY ARRAY['projection.event_types', 'projection.projections', 'projection.folds', 'ops.maintenance_runs'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_dist_partition AS d WHERE d.logicalrelid = v_table::regclass AND d.repmodel = 't') THEN
            PERFORM pg_catalog.create_reference_table(v_table);
            RETURN NEXT v_table || ' is a reference table';
        END IF;
    END LOOP;

    FOR v_table IN
        SELECT t.name FROM projection.ledger_tables() AS t
    LOOP
        v_first := coalesce(v_first, v_table);
        CONTINUE WHEN projection.is_distributed(v_table);
        -- No event may slip in between the copy and the switch; readers go on.
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', v_table);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', v_table) INTO v_has_rows;
        IF v_has_rows AND NOT p_with_rows THEN
            RAISE EXCEPTION '% has rows and is not distributed', v_table
                USING ERRCODE = 'BL030', HINT = 'Run betledger distribute.';
        END IF;
        -- Rows that are copied have been projected already: until all is in place, the triggers of the shards do nothing.
        IF EXISTS (SELECT FROM projection.ledger_tables() AS t WHERE t.name = v_table AND t.holds_events) THEN
            EXECUTE format(
                'CREATE OR REPLACE FUNCTION projection.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER'
                || ' SET search_path = pg_catalog, pg_temp AS ''BEGIN RETURN NULL; END''', split_part(v_table, '.', 2) || '_inserted'
            );
            v_event_tables := v_event_tables || v_table;
        END IF;
        EXECUTE format('SELECT projection.fingerprint(%L)', v_table) INTO v_before;
        PERFORM pg_catalog.create_distributed_table(v_table, 'tenant_id', colocate_with => CASE WHEN v_table = v_first THEN 'none' ELSE v_first END);
        EXECUTE format('SELECT projection.fingerprint(%L)', v_table) INTO v_after;
        IF v_before <> v_after THEN
            RAISE EXCEPTION '% would not be the same after distribution: % before, % after', v_table, v_before, v_after
                USING ERRCODE = 'BL031', HINT = 'Nothing was changed. Report this with the versions of PostgreSQL and Citus.';
        END IF;
        RETURN NEXT format('%s is distributed by tenant_id (%s)', v_table, v_after);
    END LOOP;

    FOR v_function IN
        SELECT p.oid FROM pg_proc AS p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proargnames[1] = 'p_tenant_id'
            AND pg_get_userbyid(p.proowner) = 'betledger_owner'
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_dist_object AS o
                WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid AND o.distribution_argument_index IS NOT NULL
            )
        ORDER BY p.proname
    LOOP
        PERFORM pg_catalog.create_distributed_function(v_function, 'p_tenant_id', colocate_with => v_first);
        RETURN NEXT format('%s runs on the node of its tenant', v_function);
    END LOOP;

    PERFORM projection.compile_event_table(t.name) FROM unnest(v_event_tables) AS t (name);

    -- Last, and short: it stops readers. Citus copies changes to a shard that moves as its owner, whom PostgreSQL does not
    -- let through forced row-level security. The owner has a policy that lets it pass anyway; all others are held as before.
    FOR v_table IN
        SELECT d.logicalrelid::regclass::text
        FROM pg_catalog.pg_dist_partition AS d
        JOIN pg_class AS c ON c.oid = d.logicalrelid
        WHERE c.relforcerowsecurity AND pg_get_userbyid(c.relowner) = 'betledger_owner'
    LOOP
        EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', v_table);
    END LOOP;
END
$$;
COMMENT ON FUNCTION ops.distribute(boolean) IS
'On a Citus coordinator: distributes event tables and read tables by tenant_id, co-located, with their rows (compared before and after), makes reference tables of what every node reads, and sends stored functions to the node of their tenant. Gives a line for each thing done; done things are left alone. Writers wait, readers go on. `betledger distribute` runs it. Errors: BL030 no Citus, or a table with rows and p_with_rows is false; BL031 rows differ. Example: SELECT * FROM ops.distribute().';
REVOKE ALL ON FUNCTION ops.distribute(boolean) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/distribute.sql', 'fc36b889232ff9573eaf1d66afc428da2fbfe4974c356e7f68f98a272ec9a180') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/distribute_functions.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.distribute_functions()
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_function regprocedure;
BEGIN
    IF NOT (SELECT r.rolcanlogin FROM pg_roles AS r WHERE r.rolname = 'betledger_owner') THEN
        ALTER ROLE betledger_owner LOGIN;
    END IF;
    CREATE EXTENSION IF NOT EXISTS plpgsql;
    -- With them go roles, schemas and privileges: what Citus copies to a node as the owner, the owner could not make there.
    FOR v_function IN
        SELECT p.oid FROM pg_proc AS p
        WHERE p.pronamespace IN ('public'::regnamespace, 'projection'::regnamespace, 'ops'::regnamespace)
            AND pg_get_userbyid(p.proowner) = 'betledger_owner'
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_dist_object AS o WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid
            )
            -- Those that give rows of a table follow it.
            AND NOT EXISTS (
                SELECT FROM pg_depend AS d JOIN pg_type AS t ON t.oid = d.refobjid
                WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_type'::regclass AND t.typrelid <> 0
            )
        ORDER BY p.oid
    LOOP
        PERFORM pg_catalog.create_distributed_function(v_function);
        RETURN NEXT format('%s is on every node', v_function);
    END LOOP;
END
$$;
COMMENT ON FUNCTION ops.distribute_functions() IS
'The first step of `betledger distribute`, for a ledger that is older than the Citus extension of its database: copies functions, roles and schemas to all nodes. Run by a superuser, and committed before ops.distribute(). Example: SELECT * FROM ops.distribute_functions().';
REVOKE ALL ON FUNCTION ops.distribute_functions() FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/distribute_functions.sql', '513b16fc42bdea1c0ea359671946defd6853bcf0341ddff23891487237180380') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/doctor.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.doctor()
RETURNS TABLE (check_name text, finding text, remedy text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is that of ops.health_checks().
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_check record;
    v_found text[];
BEGIN
    FOR v_check IN
        SELECT c.* FROM ops.health_checks() AS c
        WHERE NOT c.on_citus OR to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL
    LOOP
        BEGIN
            EXECUTE format('SELECT array_agg(f ORDER BY f) FROM (%s) AS q (f)', v_check.finds) INTO v_found;
        EXCEPTION WHEN OTHERS THEN
            -- What could not be looked at has not passed.
            v_found := ARRAY['not checked: ' || SQLERRM];
        END;
        RETURN QUERY
        SELECT v_check.check_name, f, CASE WHEN f IS NOT NULL THEN v_check.remedy END
        FROM unnest(coalesce(v_found, ARRAY[NULL])) AS f;
    END LOOP;
END
$$;
COMMENT ON FUNCTION ops.doctor() IS
'Looks for what is wrong with the ledger, its server and its cluster. Gives a row for each check that passed, with finding NULL, and for each thing found, with the remedy. Changes nothing; run by betledger_operator. Example: SELECT * FROM ops.doctor() WHERE finding IS NOT NULL.';
REVOKE ALL ON FUNCTION ops.doctor() FROM public;
GRANT EXECUTE ON FUNCTION ops.doctor() TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/doctor.sql', 'ea8e81a9b27149bd537b90e22d2da49d68afa73f60dc79c3e414f004995cbb01') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/drop_local_rows.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.drop_local_rows()
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table regclass;
    v_bytes bigint;
BEGIN
    FOR v_table IN
        SELECT DISTINCT t.event_table::regclass FROM projection.event_types AS t
        UNION ALL SELECT p.read_table::regclass FROM projection.projections AS p
    LOOP
        v_bytes := pg_relation_size(v_table);
        CONTINUE WHEN v_bytes = 0 OR NOT projection.is_distributed(v_table::text);
        -- The rows that are meant are the copies which distribution left behind on the coordinator, where nobody sees them.
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', v_table);
        PERFORM pg_catalog.truncate_local_data_after_distributing_table(v_table);
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', v_table);
        RETURN NEXT format('%s: %s of invisible rows freed on the coordinator', v_table, pg_size_pretty(v_bytes));
    END LOOP;
END
$$;
COMMENT ON FUNCTION ops.drop_local_rows() IS
'The last step of `betledger distribute`: frees the space of the rows that were copied to the shards. Example: SELECT * FROM ops.drop_local_rows().';
REVOKE ALL ON FUNCTION ops.drop_local_rows() FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/drop_local_rows.sql', 'a14ebef239908a74b97894d6f3dfc078d469def5d0c990591dd26fd0ce8d39b2') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/facts.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.facts()
RETURNS TABLE (fact text, value text, remark text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table record;
    v_distributed boolean := projection.is_distributed('public.bet_events');
    v_bytes bigint;
    v_sizes bigint[] := '{0,0}';
    v_oldest_key integer;
BEGIN
    BEGIN
        FOR v_table IN SELECT t.name, t.holds_events FROM projection.ledger_tables() AS t LOOP
            IF v_distributed THEN
                v_bytes := pg_catalog.citus_total_relation_size(v_table.name::regclass);
            ELSE
                v_bytes := pg_total_relation_size(v_table.name::regclass);
            END IF;
            IF v_table.holds_events THEN
                v_sizes[1] := v_sizes[1] + v_bytes;
                v_oldest_key := greatest(v_oldest_key, projection.oldest_key_age(v_table.name));
            ELSE
                v_sizes[2] := v_sizes[2] + v_bytes;
            END IF;
        END LOOP;
        RETURN QUERY
        SELECT 'events', pg_size_pretty(v_sizes[1]), 'with their indexes'
        UNION ALL SELECT 'read tables', pg_size_pretty(v_sizes[2]), 'with their indexes'
        UNION ALL
        SELECT 'oldest idempotency key', coalesce(v_oldest_key || ' hours', 'none'), CASE WHEN v_oldest_key >= 48 THEN 'due: run betledger purge' END;
    EXCEPTION WHEN connection_exception THEN
        -- What can be told is told while a node is down: that is when one looks.
        RETURN QUERY SELECT 'events', 'unknown', 'a node does not answer: see ops.nodes()';
    END;
    RETURN QUERY
    SELECT 'last ' || c.command, coalesce(to_char(r.finished_at, 'YYYY-MM-DD HH24:MI:SS TZ'), 'never'),
        CASE WHEN r.found > 0 THEN r.found || ' rows differed: run betledger rebuild' END
    FROM unnest('{purge,verify,rebuild}'::text[]) WITH ORDINALITY AS c (command, position)
    LEFT JOIN LATERAL (
        SELECT m.finished_at, m.found FROM ops.maintenance_runs AS m
        WHERE m.command = c.command AND m.only_tenant IS NULL ORDER BY m.finished_at DESC LIMIT 1
    ) AS r ON true;
END
$$;
COMMENT ON FUNCTION ops.facts() IS
'What `betledger status` shows of a ledger: sizes, the age of the oldest idempotency key, and when it was purged, verified and rebuilt last (runs for all tenants). Example: SELECT * FROM ops.facts().';
REVOKE ALL ON FUNCTION ops.facts() FROM public;
GRANT EXECUTE ON FUNCTION ops.facts() TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/facts.sql', 'a0482007a852971b574eb244991a5c47064bfd4b1e0f0f684fc2b56dd792eed4') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/health_checks.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.health_checks()
RETURNS TABLE (check_name text, on_citus boolean, finds text, remedy text)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
VALUES

('events are checked and projected', false, $q$
    SELECT format('trigger %s of %s is missing or disabled', expected.name, t.name)
    FROM projection.ledger_tables() AS t
    CROSS JOIN unnest('{refuse_malformed,project_inserted,project_key_removed,guard_event,guard_truncate}'::text[]) AS expected (name)
    WHERE t.holds_events AND NOT EXISTS (
        SELECT FROM pg_trigger AS g WHERE g.tgrelid = t.name::regclass AND g.tgname = expected.name AND g.tgenabled IN ('O', 'A')
    )$q$,
'Look for what was written meanwhile (betledger verify), then ALTER TABLE ... ENABLE TRIGGER, or CREATE it as its file in triggers/ does.'),

('tenants are walled off', false, $q$
    SELECT format('%s has no row-level security%s', t.name, w.what)
    FROM projection.ledger_tables() AS t
    JOIN pg_class AS c ON c.oid = t.name::regclass
    CROSS JOIN LATERAL (
        VALUES ('', c.relrowsecurity),
            (' for its owner', c.relforcerowsecurity OR projection.is_distributed(t.name)),
            (' policy own_tenant', EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'own_tenant'))
    ) AS w (what, holds)
    WHERE NOT w.holds$q$,
'ALTER TABLE ... ENABLE and FORCE ROW LEVEL SECURITY; make the policy as the file of the table in schema/ does.'),

('no login passes the walls', false, $q$
    SELECT format('%s is a member of %s and %s', m.rolname, g.rolname, w.what)
    FROM pg_auth_members AS a
    JOIN pg_roles AS m ON m.oid = a.member
    JOIN pg_roles AS g ON g.oid = a.roleid AND g.rolname IN ('betledger_tenant', 'betledger_app', 'betledger_reader', 'betledger_operator')
    CROSS JOIN LATERAL (
        VALUES ('a superuser', m.rolsuper), ('has BYPASSRLS', m.rolbypassrls AND NOT m.rolsuper),
            ('sees all tenants as another group', g.rolname = 'betledger_tenant' AND EXISTS (
                SELECT FROM unnest('{betledger_owner,betledger_app,betledger_reader,betledger_operator}'::text[]) AS o (name)
                WHERE pg_has_role(m.oid, o.name, 'MEMBER')
            ) AND NOT m.rolsuper)
    ) AS w (what, holds)
    WHERE w.holds$q$,
'ALTER ROLE ... NOSUPERUSER NOBYPASSRLS; REVOKE the group that is too much; give people a login of their own.'),

('everything belongs to betledger_owner', false, $q$
    SELECT format('%s belongs to %s', t.name, pg_get_userbyid(c.relowner))
    FROM projection.ledger_tables() AS t JOIN pg_class AS c ON c.oid = t.name::regclass
    WHERE pg_get_userbyid(c.relowner) <> 'betledger_owner'$q$,
'ALTER TABLE ... OWNER TO betledger_owner.'),

('indexes are valid', false, $q$
    SELECT format('%s of %s was left unfinished', i.indexrelid::regclass, i.indrelid::regclass)
    FROM projection.ledger_tables() AS t JOIN pg_index AS i ON i.indrelid = t.name::regclass
    WHERE NOT (i.indisvalid AND i.indisready)$q$,
'REINDEX INDEX CONCURRENTLY ..., or DROP INDEX CONCURRENTLY what is named ..._ccnew or ..._ccold.'),

('idempotency keys are purged', false, $q$
    SELECT format('%s has a key that is %s hours old', t.name, k.age)
    FROM projection.ledger_tables() AS t
    CROSS JOIN LATERAL (SELECT projection.oldest_key_age(t.name) AS age) AS k
    WHERE t.holds_events AND k.age > 72$q$,
'Run betledger purge from a scheduler, every hour.'),

('commits survive a crash', false, $q$
    SELECT format('%s is %s', s.name, s.setting) FROM pg_settings AS s
    WHERE s.name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND s.setting = 'off'$q$,
'Switch it on with ALTER SYSTEM, unless this server is a toy: what was acknowledged can be lost.'),

('no prepared transaction is forgotten', false, $q$
    SELECT format('%s of %s is open since %s', x.gid, x.owner, x.prepared) FROM pg_prepared_xacts AS x
    WHERE x.database = current_database() AND x.prepared < now() - interval '5 minutes'$q$,
'SELECT recover_prepared_transactions() on a Citus coordinator; else ROLLBACK PREPARED, or COMMIT PREPARED, after a look at it.'),

('no transaction holds others up', false, $q$
    SELECT format('pid %s of %s is in one transaction since %s', a.pid, a.usename, a.xact_start) FROM pg_stat_activity AS a
    WHERE a.datname = current_database() AND a.xact_start < now() - interval '1 hour' AND a.pid <> pg_backend_pid()
        AND a.backend_type = 'client backend'$q$,
'SELECT pg_terminate_backend(pid); set idle_in_transaction_session_timeout for that login.'),

('transaction numbers do not run out', false, $q$
    SELECT format('the oldest row of database %s is %s transactions old', d.datname, age(d.datfrozenxid)) FROM pg_database AS d
    WHERE d.datname = current_database() AND age(d.datfrozenxid) > 1000000000$q$,
'VACUUM FREEZE the largest tables; look for what stops autovacuum: old transactions, replication slots, prepared transactions.'),

('workers answer', true, $q$
    SELECT format('%s:%s does not answer', n.nodename, n.nodeport) FROM pg_catalog.pg_dist_node AS n
    WHERE n.noderole = 'primary' AND n.isactive AND NOT pg_catalog.citus_check_connection_to_node(n.nodename, n.nodeport)$q$,
'Start PostgreSQL there, or promote its standby and SELECT citus_update_node(...). Its tenants cannot read or write until then.'),

('workers are active', true, $q$
    SELECT format('%s:%s is %s', n.nodename, n.nodeport, CASE WHEN n.isactive THEN 'without the metadata' ELSE 'switched off' END)
    FROM pg_catalog.pg_dist_node AS n
    WHERE n.noderole = 'primary' AND n.groupid <> 0 AND NOT (n.isactive AND n.hasmetadata AND n.metadatasynced)$q$,
'SELECT citus_activate_node(host, port); and start_metadata_sync_to_node(host, port).'),

('all nodes run the same Citus', true, $q$
    SELECT format('%s:%s has %s', n.nodename, n.nodeport, v.result)
    FROM pg_catalog.run_command_on_all_nodes('SELECT extversion FROM pg_catalog.pg_extension WHERE extname = ''citus''') AS v
    JOIN pg_catalog.pg_dist_node AS n ON n.nodeid = v.nodeid
    WHERE v.result <> (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'citus')$q$,
'ALTER EXTENSION citus UPDATE on that node, after its package has been upgraded.'),

('tables are distributed by tenant', true, $q$
    SELECT format('%s is %s', t.name, coalesce('distributed by ' || pg_catalog.column_to_column_name(d.logicalrelid, d.partkey), 'not distributed'))
    FROM projection.ledger_tables() AS t
    LEFT JOIN pg_catalog.pg_dist_partition AS d ON d.logicalrelid = t.name::regclass
    WHERE d.partmethod IS DISTINCT FROM 'h' OR pg_catalog.column_to_column_name(d.logicalrelid, d.partkey) <> 'tenant_id'$q$,
'Run betledger distribute; SELECT alter_distributed_table(table, distribution_column := ''tenant_id'') where the column is wrong.'),

('tables are co-located', true, $q$
    SELECT format('%s is not co-located with public.bet_events', t.name)
    FROM projection.ledger_tables() AS t
    JOIN pg_catalog.pg_dist_partition AS d ON d.logicalrelid = t.name::regclass AND d.partmethod = 'h'
    WHERE d.colocationid <> (SELECT b.colocationid FROM pg_catalog.pg_dist_partition AS b WHERE b.logicalrelid = 'public.bet_events'::regclass)$q$,
'SELECT update_distributed_table_colocation(table, ''bet_events''), where shards match; else alter_distributed_table(table, colocate_with := ''bet_events'').'),

('every node has the facts', true, $q$
    SELECT format('%s is no reference table', f.name)
    FROM unnest('{projection.event_types,projection.projections,projection.folds,ops.maintenance_runs}'::text[]) AS f (name)
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_dist_partition AS d WHERE d.logicalrelid = f.name::regclass AND d.repmodel = 't')$q$,
'Run betledger distribute; after citus_add_node also SELECT replicate_reference_tables().'),

('functions run on the node of their tenant', true, $q$
    SELECT format('%s runs on the coordinator', p.oid::regprocedure)
    FROM pg_proc AS p
    WHERE p.pronamespace = 'public'::regnamespace AND p.proargnames[1] = 'p_tenant_id' AND pg_get_userbyid(p.proowner) = 'betledger_owner'
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_dist_object AS o
            WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid AND o.distribution_argument_index IS NOT NULL
        )$q$,
'Run betledger distribute.'),

('every shard has its triggers and walls', true, $q$
    SELECT s FROM ops.shard_findings() AS s$q$,
'On the node of the shard, as its owner: enable or make again what is missing, as on another shard of the table; then betledger verify.'),

('tenants reach their node', true, $q$
    SELECT format('login %s keeps SET LOCAL app.tenant_id to the coordinator: it sees no rows', m.rolname)
    FROM pg_auth_members AS a JOIN pg_roles AS m ON m.oid = a.member AND m.rolcanlogin
    WHERE a.roleid = 'betledger_tenant'::regrole AND 'citus.propagate_set_commands=local' <> ALL (coalesce(m.rolconfig, '{}'))
        AND current_setting('citus.propagate_set_commands', true) IS DISTINCT FROM 'local'$q$,
'ALTER ROLE ... SET citus.propagate_set_commands = ''local''.'),

('nodes hold like shares', true, $q$
    SELECT format('%s:%s holds %s shards with %s, and the average is %s', n.node_name, n.node_port, n.shards,
        pg_size_pretty(coalesce(n.bytes, 0)), pg_size_pretty(round(a.bytes)))
    FROM ops.nodes() AS n
    JOIN pg_catalog.pg_dist_node AS d ON d.nodename = n.node_name AND d.nodeport = n.node_port AND d.shouldhaveshards
    CROSS JOIN (SELECT avg(o.bytes) AS bytes FROM ops.nodes() AS o WHERE o.shards > 0) AS a
    WHERE n.answers AND (n.shards = 0 OR n.bytes > 1.3 * a.bytes + 100 * 1024 ^ 2)$q$,
'SELECT citus_rebalance_start(), in a quiet hour, then citus_rebalance_status(); betledger tenant list names large tenants.'),

('nothing is left of moves', true, $q$
    -- 2: dropped by the daemon in a moment.
    SELECT format('%s is left of a move that failed', c.object_name) FROM pg_catalog.pg_dist_cleanup AS c WHERE c.policy_type <> 2$q$,
'CALL citus_cleanup_orphaned_resources(), when no move is under way.'),

('shards can move online', true, $q$
    SELECT format('wal_level is %s on %s:%s', w.result, n.nodename, n.nodeport)
    FROM pg_catalog.run_command_on_all_nodes('SHOW wal_level') AS w JOIN pg_catalog.pg_dist_node AS n ON n.nodeid = w.nodeid
    WHERE w.success AND w.result <> 'logical'$q$,
'ALTER SYSTEM SET wal_level = ''logical'' on that node, and restart it.')

$$;
COMMENT ON FUNCTION ops.health_checks() IS
'The checks of ops.doctor(): a name that says what is good, whether it is for Citus alone, the query that gives a line of text for each thing that is not, and the remedy. Example: SELECT check_name, remedy FROM ops.health_checks().';
REVOKE ALL ON FUNCTION ops.health_checks() FROM public;
GRANT EXECUTE ON FUNCTION ops.health_checks() TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/health_checks.sql', '6b59c0ef3c0d5ee681a4adb728ec044498c955a7f26a5797e1b2b475561a5136') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/isolate_tenant.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.isolate_tenant(p_tenant_id bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_shard_id bigint;
BEGIN
    PERFORM ops.require_tenant_of_cluster(p_tenant_id);
    v_shard_id := pg_catalog.get_shard_id_for_distribution_column('public.bet_events', p_tenant_id);
    IF EXISTS (SELECT FROM pg_catalog.pg_dist_shard AS s WHERE s.shardid = v_shard_id AND s.shardminvalue = s.shardmaxvalue) THEN
        RETURN v_shard_id;
    END IF;
    -- Not force_logical: while rows are updated it waits for a replica identity that its publication lacks, forever.
    RETURN pg_catalog.isolate_tenant_to_new_shard('public.bet_events', p_tenant_id, 'CASCADE', shard_transfer_mode => 'block_writes');
END
$$;
COMMENT ON FUNCTION ops.isolate_tenant(bigint) IS
'On Citus: gives a tenant a shard of its own, on the node where it is, and the id of that shard of bet_events. Writers of that shard wait meanwhile (about 10 s for each GB); readers go on. A tenant that is alone already is left alone. Run by betledger_owner or a superuser, on the coordinator, not in a transaction with other changes. Errors: BL001 bad tenant id, BL030 no cluster. Example: SELECT ops.isolate_tenant(10001).';
REVOKE ALL ON FUNCTION ops.isolate_tenant(bigint) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/isolate_tenant.sql', '68a693a0e16d6ab1f01b453e54530ae79e7e2d0eccf954d3a4b27ea8f00ecdf7') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/move_tenant.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.move_tenant(p_tenant_id bigint, p_node_name text, p_node_port integer)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_shard_id bigint;
    v_from record;
BEGIN
    PERFORM ops.require_tenant_of_cluster(p_tenant_id);
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_dist_node AS n
        WHERE n.nodename = p_node_name AND n.nodeport = p_node_port AND n.noderole = 'primary' AND n.isactive AND n.shouldhaveshards
    ) THEN
        PERFORM projection.refuse_argument('node', p_node_name || ':' || p_node_port, (
            SELECT 'Send a worker that holds shards: ' || string_agg(n.nodename || ':' || n.nodeport, ', ' ORDER BY n.nodename, n.nodeport) || '.'
            FROM pg_catalog.pg_dist_node AS n WHERE n.noderole = 'primary' AND n.isactive AND n.shouldhaveshards
        ));
    END IF;
    v_shard_id := pg_catalog.get_shard_id_for_distribution_column('public.bet_events', p_tenant_id);
    SELECT s.nodename, s.nodeport INTO v_from FROM pg_catalog.citus_shards AS s WHERE s.shardid = v_shard_id;
    IF v_from.nodename <> p_node_name OR v_from.nodeport <> p_node_port THEN
        PERFORM pg_catalog.citus_move_shard_placement(v_shard_id, v_from.nodename, v_from.nodeport, p_node_name, p_node_port);
    END IF;
    RETURN v_shard_id;
END
$$;
COMMENT ON FUNCTION ops.move_tenant(bigint, text, integer) IS
'On Citus: moves the shard of a tenant, with all tenants that live in it (ops.isolate_tenant() gives it its own), to another worker, and gives its id. Writers go on, but for moments at the end; needs wal_level = logical. A shard that is there already is left alone. Run by betledger_owner or a superuser, on the coordinator, not in a transaction with other changes. Errors: BL001 bad tenant id or unknown node, BL030 no cluster. Example: SELECT ops.move_tenant(10001, ''worker-2'', 5432).';
REVOKE ALL ON FUNCTION ops.move_tenant(bigint, text, integer) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/move_tenant.sql', '724d97f3dcabeb72915cc2767b264108238d10896070ea717b57a4a6a73cb50b') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/nodes.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.nodes()
RETURNS TABLE (node_name text, node_port integer, node_role text, answers boolean, shards bigint, bytes bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT
        n.nodename::text, n.nodeport, CASE WHEN n.groupid = 0 THEN 'coordinator' ELSE 'worker' END,
        pg_catalog.citus_check_connection_to_node(n.nodename, n.nodeport),
        count(s.shardid) FILTER (WHERE s.table_name = 'public.bet_events'::regclass), sum(s.shard_size)::bigint
    FROM pg_catalog.pg_dist_node AS n
    LEFT JOIN pg_catalog.citus_shards AS s
        ON s.nodename = n.nodename AND s.nodeport = n.nodeport
            AND s.colocation_id = (SELECT d.colocationid FROM pg_catalog.pg_dist_partition AS d WHERE d.logicalrelid = 'public.bet_events'::regclass)
    WHERE n.noderole = 'primary'
    GROUP BY n.nodeid, n.nodename, n.nodeport, n.groupid
    ORDER BY n.groupid, n.nodename, n.nodeport;
END
$$;
COMMENT ON FUNCTION ops.nodes() IS
'The nodes of a Citus cluster: whether each answers, how many shards of tenants it holds (each is one shard of every ledger table), and their bytes (NULL for none, or for a node that does not answer). No row on plain PostgreSQL. Example: SELECT * FROM ops.nodes().';
REVOKE ALL ON FUNCTION ops.nodes() FROM public;
GRANT EXECUTE ON FUNCTION ops.nodes() TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/nodes.sql', '2666c675a50e06558f18e6e07ad62efb483c8e0f24529d775174d3d0280ec60c') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/purge_idempotency_keys.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
-- No SET clause: with one, a procedure may not commit. So every name has its schema.
CREATE OR REPLACE PROCEDURE ops.purge_idempotency_keys(
    older_than interval DEFAULT '48 hours', batch integer DEFAULT 10000, p_shard_id bigint DEFAULT NULL
)
LANGUAGE plpgsql
AS $$
DECLARE
    v_before timestamptz := pg_catalog.now() - older_than;
    v_event_table text;
    v_purged bigint;
    v_in_batch bigint;
BEGIN
    IF older_than IS NULL OR older_than < '0' THEN
        PERFORM projection.refuse_argument('older_than', older_than::text, 'Send the age from which keys are to go, such as interval ''48 hours''.');
    END IF;
    IF batch IS NULL OR batch < 1 THEN
        PERFORM projection.refuse_argument('batch', batch::text, 'Send the number of keys to take out between two commits, 1 or more.');
    END IF;
    IF p_shard_id IS NULL AND projection.is_distributed('public.bet_events') THEN
        PERFORM projection.on_shards(
            pg_catalog.format('CALL ops.purge_idempotency_keys(%L, %L, <shard_id>)', older_than, batch), NULL
        );
        PERFORM ops.record_run('purge');
        RETURN;
    END IF;
    FOR v_event_table IN SELECT DISTINCT t.event_table FROM projection.event_types AS t ORDER BY t.event_table LOOP
        v_purged := 0;
        LOOP
            EXECUTE projection.localized(pg_catalog.format(
                'WITH due AS (SELECT e.tenant_id, e.id FROM %1$s AS e'
                || ' WHERE e.created_at < $1 AND e.metadata ->> ''idempotency_key'' IS NOT NULL'
                || ' ORDER BY e.created_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)'
                || ' UPDATE %1$s AS e SET metadata = e.metadata - ''idempotency_key'' FROM due AS d'
                || ' WHERE e.tenant_id = d.tenant_id AND e.id = d.id', v_event_table
            ), p_shard_id) USING v_before, batch;
            GET DIAGNOSTICS v_in_batch = ROW_COUNT;
            EXIT WHEN v_in_batch = 0;
            v_purged := v_purged + v_in_batch;
            COMMIT;
            RAISE NOTICE '%: % idempotency keys taken out', v_event_table, v_purged
                USING DETAIL = pg_catalog.jsonb_build_object('step', v_event_table, 'done', v_purged, 'total', NULL);
        END LOOP;
    END LOOP;
    IF p_shard_id IS NULL THEN
        PERFORM ops.record_run('purge');
    END IF;
END
$$;
COMMENT ON PROCEDURE ops.purge_idempotency_keys(interval, integer, bigint) IS
'Takes idempotency keys that are older than an age out of all event tables and read tables, and commits every batch keys. Runs beside writers; may be stopped at any time and run again. On Citus all shards are purged at the same time, each on its node (by a call with p_shard_id). Errors: BL001 bad age or batch, BL032 a shard failed. Example: CALL ops.purge_idempotency_keys(''48 hours'', 10000).';
REVOKE ALL ON PROCEDURE ops.purge_idempotency_keys(interval, integer, bigint) FROM public;
GRANT EXECUTE ON PROCEDURE ops.purge_idempotency_keys(interval, integer, bigint) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/purge_idempotency_keys.sql', '2ef5b8ed21a91fdd80b43071203f167a6e74d72c3c129acc443a0cd8a6faefd1') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/rebuild_projection.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
-- No SET clause: with one, a procedure may not commit. So every name has its schema.
CREATE OR REPLACE PROCEDURE ops.rebuild_projection(
    p_name text DEFAULT NULL, p_tenant_id bigint DEFAULT NULL, p_batch integer DEFAULT 10000,
    p_shard_id bigint DEFAULT NULL
)
LANGUAGE plpgsql
AS $$
DECLARE
    v_projection record;
    v_keys record;
    v_after_tenant_id bigint;
    v_after_key text;
    v_done bigint;
    v_changed bigint;
    v_in_batch bigint;
    v_only text := CASE WHEN p_name IS NOT NULL THEN projection.read_table(p_name) END;
BEGIN
    IF p_batch IS NULL OR p_batch < 1 THEN
        PERFORM projection.refuse_argument('batch', p_batch::text, 'Send the number of rows to rebuild between two commits, 1 or more.');
    END IF;
    IF p_shard_id IS NOT NULL THEN
        PERFORM projection.compile_shard(p_shard_id);
    ELSIF projection.is_distributed('public.bet_events') THEN
        PERFORM projection.on_shards(
            pg_catalog.format('CALL ops.rebuild_projection(%L, %L, %L, <shard_id>)', p_name, p_tenant_id, p_batch), p_tenant_id
        );
        PERFORM ops.record_run('rebuild', p_tenant_id);
        RETURN;
    END IF;
    FOR v_projection IN
        WITH RECURSIVE chosen AS (
            SELECT p.read_table FROM projection.projections AS p WHERE v_only IS NULL OR p.read_table = v_only
            UNION
            SELECT f.read_table FROM chosen AS c JOIN projection.folds AS f ON f.source_table = c.read_table
        )
        SELECT p.read_table, p.kind FROM projection.projections AS p JOIN chosen AS c ON c.read_table = p.read_table
        ORDER BY p.position
    LOOP
        v_after_tenant_id := 0;
        v_after_key := '';
        v_done := 0;
        v_changed := 0;
        WHILE v_projection.kind <> 'slots' LOOP
            SELECT k.tenant_ids, k.keys INTO v_keys
            FROM projection.keys_after(v_projection.read_table, p_tenant_id, v_after_tenant_id, v_after_key, p_batch, p_shard_id) AS k;
            EXIT WHEN v_keys.keys IS NULL;
            EXECUTE projection.localized(pg_catalog.format(
                'SELECT projection.%I($1, $2)', 'refresh_' || pg_catalog.split_part(v_projection.read_table, '.', 2)
            ), p_shard_id) INTO v_in_batch USING v_keys.tenant_ids, v_keys.keys;
            v_after_tenant_id := v_keys.tenant_ids[pg_catalog.cardinality(v_keys.keys)];
            v_after_key := v_keys.keys[pg_catalog.cardinality(v_keys.keys)];
            v_done := v_done + pg_catalog.cardinality(v_keys.keys);
            v_changed := v_changed + v_in_batch;
            COMMIT;
            RAISE NOTICE '%: % rows rebuilt, % of them were different', v_projection.read_table, v_done, v_changed
                USING DETAIL = pg_catalog.jsonb_build_object('step', v_projection.read_table, 'done', v_done, 'total', NULL);
        END LOOP;
        IF v_projection.kind = 'slots' THEN
            v_changed := projection.repair_slots(v_projection.read_table, p_tenant_id, p_shard_id);
            COMMIT;
            RAISE NOTICE '%: % tenants were different', v_projection.read_table, v_changed
                USING DETAIL = pg_catalog.jsonb_build_object('step', v_projection.read_table, 'done', 1, 'total', 1);
        END IF;
    END LOOP;
    IF p_shard_id IS NULL THEN
        PERFORM ops.record_run('rebuild', p_tenant_id);
    END IF;
END
$$;
COMMENT ON PROCEDURE ops.rebuild_projection(text, bigint, integer, bigint) IS
'Folds a read table (all of them without a name) anew from its sources, and then the summaries above it, for one tenant or for all, and commits every p_batch rows. Runs beside writers; may be stopped at any time and run again. On Citus all shards are rebuilt at the same time, each on its node (by a call with p_shard_id). Errors: BL001 unknown projection or bad batch, BL032 a shard failed. Example: CALL ops.rebuild_projection(''bets_view'').';
REVOKE ALL ON PROCEDURE ops.rebuild_projection(text, bigint, integer, bigint) FROM public;
GRANT EXECUTE ON PROCEDURE ops.rebuild_projection(text, bigint, integer, bigint) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/rebuild_projection.sql', '5d7f8bace22da1ba4f063137c41970f4ae5efdc28faa0e0f7f75b6110962a9b6') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/record_run.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.record_run(p_command text, p_tenant_id bigint DEFAULT NULL, p_found bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
-- Operators may not write the table in any other way.
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- A standby may look, too.
    IF NOT current_setting('transaction_read_only')::boolean THEN
        DELETE FROM ops.maintenance_runs WHERE finished_at < now() - interval '1 year';
        INSERT INTO ops.maintenance_runs (command, only_tenant, found) VALUES (p_command, p_tenant_id, p_found);
    END IF;
END
$$;
COMMENT ON FUNCTION ops.record_run(text, bigint, bigint) IS
'Writes down that verify, rebuild or purge has ended, and forgets what was written a year ago; does nothing in a read-only transaction. Example: SELECT ops.record_run(''verify'', NULL, 0).';
REVOKE ALL ON FUNCTION ops.record_run(text, bigint, bigint) FROM public;
GRANT EXECUTE ON FUNCTION ops.record_run(text, bigint, bigint) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/record_run.sql', '9aceb273db3eb32ba14f692c21171f7397cb861d532cc8a813df972a34356a29') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/require_tenant_of_cluster.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.require_tenant_of_cluster(p_tenant_id bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT projection.is_distributed('public.bet_events') THEN
        RAISE EXCEPTION 'database % is not distributed: no tenant can have a shard', current_database()
            USING ERRCODE = 'BL030', HINT = 'Run this on the coordinator of a Citus cluster, after betledger distribute.';
    END IF;
    IF p_tenant_id IS NULL OR p_tenant_id < 1 THEN
        PERFORM projection.refuse_argument('tenant_id', p_tenant_id::text, 'Send the id of a tenant, 1 or more.');
    END IF;
END
$$;
COMMENT ON FUNCTION ops.require_tenant_of_cluster(bigint) IS
'Refuses what only a cluster can do for a tenant. Errors: BL001 bad tenant id, BL030 no cluster. Example: SELECT ops.require_tenant_of_cluster(10001).';
REVOKE ALL ON FUNCTION ops.require_tenant_of_cluster(bigint) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/require_tenant_of_cluster.sql', '32e98abc6b577b54ffcf17f02ee4eb998f48825873bc4e80a7d8f7494bfbac55') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/shard_findings.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.shard_findings()
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table text;
    v_expected text[];
    v_shard record;
BEGIN
    FOR v_table IN SELECT t.name FROM projection.ledger_tables() AS t WHERE projection.is_distributed(t.name) LOOP
        v_expected := ARRAY(
            SELECT 'trigger ' || g.tgname FROM pg_trigger AS g
            -- TRUNCATE is stopped by the trigger of the table, before it reaches a shard.
            WHERE g.tgrelid = v_table::regclass AND NOT g.tgisinternal AND g.tgtype & 32 = 0
            UNION ALL SELECT 'policy ' || p.polname FROM pg_policy AS p WHERE p.polrelid = v_table::regclass
            UNION ALL SELECT 'row-level security' FROM pg_class AS c WHERE c.oid = v_table::regclass AND c.relrowsecurity
        );
        FOR v_shard IN
            SELECT r.shardid, r.success, r.result
            FROM pg_catalog.run_command_on_shards(v_table, $command$
                SELECT array(
                    SELECT 'trigger ' || regexp_replace(g.tgname, '_[0-9]+$', '') FROM pg_catalog.pg_trigger AS g
                    WHERE g.tgrelid = '%1$s'::regclass AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
                    UNION ALL SELECT 'policy ' || p.polname FROM pg_catalog.pg_policy AS p WHERE p.polrelid = '%1$s'::regclass
                    UNION ALL SELECT 'row-level security' FROM pg_catalog.pg_class AS c WHERE c.oid = '%1$s'::regclass AND c.relrowsecurity
                )
            $command$) AS r
        LOOP
            IF NOT v_shard.success THEN
                RETURN NEXT format('shard %s of %s was not checked: %s', v_shard.shardid, v_table, split_part(v_shard.result, E'\n', 1));
            ELSE
                RETURN QUERY
                SELECT format('shard %s of %s has no %s', v_shard.shardid, v_table, e)
                FROM unnest(v_expected) AS e WHERE e <> ALL (v_shard.result::text[]);
            END IF;
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON FUNCTION ops.shard_findings() IS
'On Citus: a line for each trigger, policy and row-level security that a shard lacks, and for each shard that does not answer. Example: SELECT * FROM ops.shard_findings().';
REVOKE ALL ON FUNCTION ops.shard_findings() FROM public;
GRANT EXECUTE ON FUNCTION ops.shard_findings() TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/shard_findings.sql', 'c8b46f82029aa05b66c56e9166493b545859773ad50e317d5791a43c4b63d7fc') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/tenants.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.tenants(p_tenant_id bigint DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS TABLE (
    tenant_id bigint, users bigint, bets bigint, last_activity_at timestamptz, node_name text, node_port integer,
    shard_id bigint, shard_bytes bigint, shard_tenants bigint, reads bigint, writes bigint, cpu_seconds double precision
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_busy jsonb := '{}';
BEGIN
    IF p_limit IS NULL OR p_limit < 1 THEN
        PERFORM projection.refuse_argument('limit', p_limit::text, 'Send the number of tenants to list, 1 or more.');
    END IF;
    IF NOT projection.is_distributed('public.bet_events') THEN
        RETURN QUERY
        SELECT t.tenant_id, t.users, t.bets, t.last_activity_at, NULL::text, NULL::integer, NULL::bigint, NULL::bigint,
            NULL::bigint, NULL::bigint, NULL::bigint, NULL::double precision
        FROM public.tenants_summary_view AS t
        WHERE p_tenant_id IS NULL OR t.tenant_id = p_tenant_id
        ORDER BY t.bets DESC, t.tenant_id LIMIT p_limit;
        RETURN;
    END IF;
    -- Only members of pg_monitor may see what others do.
    IF has_table_privilege('pg_catalog.citus_stat_tenants', 'SELECT') AND current_setting('citus.stat_tenants_track') <> 'none' THEN
        SELECT coalesce(jsonb_object_agg(b.tenant_attribute, jsonb_build_array(b.reads, b.writes, b.cpu)), '{}') INTO v_busy
        FROM (
            SELECT s.tenant_attribute, sum(s.read_count_in_this_period + s.read_count_in_last_period) AS reads,
                sum(s.query_count_in_this_period + s.query_count_in_last_period
                    - s.read_count_in_this_period - s.read_count_in_last_period) AS writes,
                sum(s.cpu_usage_in_this_period + s.cpu_usage_in_last_period) AS cpu
            FROM pg_catalog.citus_stat_tenants AS s WHERE s.tenant_attribute IS NOT NULL GROUP BY s.tenant_attribute
        ) AS b;
    END IF;
    RETURN QUERY
    WITH summaries AS MATERIALIZED (
        SELECT t.tenant_id, t.users, t.bets, t.last_activity_at FROM public.tenants_summary_view AS t
        WHERE p_tenant_id IS NULL OR t.tenant_id = p_tenant_id
        ORDER BY t.bets DESC, t.tenant_id LIMIT p_limit
    ),
    placements AS MATERIALIZED (
        SELECT p.nodename, p.nodeport, s.colocation_id, d.shardminvalue, d.shardmaxvalue,
            min(s.shardid) FILTER (WHERE s.table_name = 'public.bet_events'::regclass) AS shard_id, sum(s.shard_size)::bigint AS bytes
        FROM pg_catalog.citus_shards AS s
        JOIN pg_catalog.pg_dist_shard AS d ON d.shardid = s.shardid
        JOIN pg_catalog.pg_dist_node AS p ON p.nodename = s.nodename AND p.nodeport = s.nodeport
        JOIN pg_catalog.pg_dist_partition AS b ON b.logicalrelid = 'public.bet_events'::regclass AND b.colocationid = s.colocation_id
        GROUP BY p.nodename, p.nodeport, s.colocation_id, d.shardminvalue, d.shardmaxvalue
    ),
    shared AS MATERIALIZED (
        SELECT pg_catalog.get_shard_id_for_distribution_column('public.bet_events', t.tenant_id) AS shard_id, count(*) AS tenants
        FROM (SELECT DISTINCT o.tenant_id FROM projection.tenant_totals AS o) AS t GROUP BY 1
    )
    SELECT s.tenant_id, s.users, s.bets, s.last_activity_at, p.nodename, p.nodeport, p.shard_id, p.bytes, o.tenants,
        (v_busy -> s.tenant_id::text ->> 0)::bigint, (v_busy -> s.tenant_id::text ->> 1)::bigint,
        (v_busy -> s.tenant_id::text ->> 2)::double precision
    FROM summaries AS s
    JOIN placements AS p ON p.shard_id = pg_catalog.get_shard_id_for_distribution_column('public.bet_events', s.tenant_id)
    JOIN shared AS o ON o.shard_id = p.shard_id
    ORDER BY s.bets DESC, s.tenant_id;
END
$$;
COMMENT ON FUNCTION ops.tenants(bigint, integer) IS
'Tenants with the most bets first, or one tenant. On Citus also its node, its shard (that of bet_events; bytes are those of all ledger tables, shard_tenants counts who lives there) and, for members of pg_monitor where citus.stat_tenants_track is on, its reads, writes and CPU seconds in this and the last period (citus.stat_tenants_period). Error: BL001 bad limit. Example: SELECT * FROM ops.tenants(p_limit => 10).';
REVOKE ALL ON FUNCTION ops.tenants(bigint, integer) FROM public;
GRANT EXECUTE ON FUNCTION ops.tenants(bigint, integer) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/tenants.sql', '62f5fde52165968f409623a8edc11b29a2859ddd6f0817e43ddd5b311eb727e8') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/ops/verify_projections.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION ops.verify_projections(p_tenant_id bigint DEFAULT NULL, p_shard_id bigint DEFAULT NULL)
RETURNS TABLE (projection text, tenant_id bigint, key text, expected jsonb, actual jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_projection record;
    v_done integer := 0;
    v_total integer := (SELECT count(*) FROM projection.projections AS p);
    v_found bigint := 0;
    v_in_projection bigint;
BEGIN
    IF p_shard_id IS NULL AND projection.is_distributed('public.bet_events') THEN
        RETURN QUERY
        SELECT v.projection, v.tenant_id, v.key, v.expected, v.actual
        FROM projection.on_shards(
            format('SELECT coalesce(jsonb_agg(v), ''[]'') FROM ops.verify_projections(%L, <shard_id>) AS v', p_tenant_id), p_tenant_id
        ) AS s,
        jsonb_to_recordset(s::jsonb) AS v (projection text, tenant_id bigint, key text, expected jsonb, actual jsonb);
        GET DIAGNOSTICS v_found = ROW_COUNT;
        PERFORM ops.record_run('verify', p_tenant_id, v_found);
        RETURN;
    END IF;
    FOR v_projection IN SELECT p.* FROM projection.projections AS p ORDER BY p.position LOOP
        RAISE NOTICE '% is compared with the fold of its events', v_projection.read_table
            USING DETAIL = jsonb_build_object('step', v_projection.read_table, 'done', v_done, 'total', v_total);
        -- One statement, one snapshot: right in the middle of writes, too.
        RETURN QUERY EXECUTE projection.localized(format(
            'SELECT %1$L::text, coalesce(f.tenant_id, t.tenant_id), %2$s, to_jsonb(f), to_jsonb(t)'
            || ' FROM (SELECT %3$s FROM (%4$s) AS f) AS f FULL JOIN (%5$s) AS t ON %6$s WHERE f IS NULL OR t IS NULL OR f *<> t',
            v_projection.read_table,
            CASE v_projection.kind WHEN 'slots' THEN 'NULL::text'
                ELSE format('coalesce(f.%1$I, t.%1$I)', v_projection.key_columns[2]) END,
            projection.folded_columns(v_projection.read_table),
            projection.union_of_folds(
                v_projection.read_table,
                (
                    SELECT jsonb_object_agg(f.source_table, jsonb_build_object('+', format(
                        '(SELECT s.* FROM %s AS s WHERE $1 IS NULL OR s.tenant_id = $1)', f.source_table
                    )))
                    FROM projection.folds AS f WHERE f.read_table = v_projection.read_table
                )
            ),
            CASE v_projection.kind
                WHEN 'slots' THEN format(
                    'SELECT s.tenant_id, %s FROM %s AS s WHERE $1 IS NULL OR s.tenant_id = $1 GROUP BY s.tenant_id',
                    (SELECT string_agg(
                        CASE a.atttypid WHEN 'numeric'::regtype THEN format('trim_scale(sum(s.%1$I)) AS %1$I', a.attname)
                            ELSE format('sum(s.%1$I)::%2$s AS %1$I', a.attname, format_type(a.atttypid, a.atttypmod)) END,
                        ', ' ORDER BY a.attnum)
                    FROM pg_attribute AS a
                    WHERE a.attrelid = v_projection.read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
                        AND a.attname <> ALL (v_projection.key_columns)),
                    v_projection.read_table
                )
                ELSE format('SELECT s.* FROM %s AS s WHERE $1 IS NULL OR s.tenant_id = $1', v_projection.read_table)
            END,
            CASE v_projection.kind WHEN 'slots' THEN 'f.tenant_id = t.tenant_id'
                ELSE projection.key_match(v_projection.read_table, 'f', 't') END
        ), p_shard_id) USING p_tenant_id;
        GET DIAGNOSTICS v_in_projection = ROW_COUNT;
        v_found := v_found + v_in_projection;
        v_done := v_done + 1;
    END LOOP;
    IF p_shard_id IS NULL THEN
        PERFORM ops.record_run('verify', p_tenant_id, v_found);
    END IF;
END
$$;
COMMENT ON FUNCTION ops.verify_projections(bigint, bigint) IS
'The rows of the read tables that differ from the fold of their sources; none when all is well. Of one tenant, or of all. expected is the fold, actual the row; null where one of them is missing. Repair with ops.rebuild_projection. On Citus all shards are compared at the same time, each on its node. Error: BL032 a shard failed. Example: SELECT * FROM ops.verify_projections().';
REVOKE ALL ON FUNCTION ops.verify_projections(bigint, bigint) FROM public;
GRANT EXECUTE ON FUNCTION ops.verify_projections(bigint, bigint) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/ops/verify_projections.sql', 'e472834b20a38c432c19bf6b956511a71283046ed7650b3f14f2de88e550e69e') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/add_one_change.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.add_one_change(p_read_table text, p_columns text[], p_change text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
    SELECT format(
        $text$
    UPDATE %1$s AS t SET %2$s FROM (%3$s) AS c WHERE %4$s;
    v_is_new := NOT FOUND;
    IF v_is_new THEN
        INSERT INTO %1$s AS t (%5$s) SELECT %6$s FROM (%3$s) AS c
        ON CONFLICT (%7$s) DO UPDATE SET %8$s RETURNING t.xmax = 0 INTO v_is_new;
    END IF;$text$,
        p_read_table, projection.added_columns(p_read_table, p_columns, 'c'), p_change,
        projection.key_match(p_read_table, 't', 'c'),
        (SELECT string_agg(format('%I', c.name), ', ' ORDER BY c.n) FROM unnest(p_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('c.%I', c.name), ', ' ORDER BY c.n) FROM unnest(p_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('%I', k.name), ', ') FROM unnest(p.key_columns) AS k (name)),
        projection.added_columns(p_read_table, p_columns, 'excluded')
    )
    FROM projection.projections AS p
    WHERE p.read_table = p_read_table
    );
END
$body$;
COMMENT ON FUNCTION projection.add_one_change(text, text[], text) IS
'The statements that add one row of changes, given as a query, to its row of a read table that sums. The row is nearly always there, and an UPDATE costs less than an INSERT with a conflict. The variable v_is_new then tells whether the row was made.';
REVOKE ALL ON FUNCTION projection.add_one_change(text, text[], text) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/add_one_change.sql', '2ac30b9a86ddb707adfa6c931661b8529abdaeebb3f7268fd3c7db8034ccfd07') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/added_columns.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.added_columns(p_read_table text, p_columns text[], p_change text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT string_agg(
            CASE
                WHEN a.attname = ANY (p.lowest_columns) THEN format('%1$I = least(t.%1$I, %2$s.%1$I)', a.attname, p_change)
                WHEN a.attname = ANY (p.highest_columns) THEN format('%1$I = greatest(t.%1$I, %2$s.%1$I)', a.attname, p_change)
                -- A summary subtracts too: without trim_scale, trailing zeros would tell in which order the events came.
                WHEN a.atttypid = 'numeric'::regtype AND projection.is_summary(p_read_table)
                    THEN format('%1$I = trim_scale(t.%1$I + %2$s.%1$I)', a.attname, p_change)
                ELSE format('%1$I = t.%1$I + %2$s.%1$I', a.attname, p_change)
            END, ', ' ORDER BY a.attnum)
        FROM projection.projections AS p, pg_attribute AS a
        WHERE p.read_table = p_read_table AND a.attrelid = p_read_table::regclass
            AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY (p_columns) AND a.attname <> ALL (p.key_columns)
    );
END
$$;
COMMENT ON FUNCTION projection.added_columns(text, text[], text) IS
'The SET list that adds some columns of a change (the alias) to a row (t) of a read table that sums. Example: SELECT projection.added_columns(''public.user_balances_view'', ''{balance}'', ''excluded'').';
REVOKE ALL ON FUNCTION projection.added_columns(text, text[], text) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/added_columns.sql', '04dc6462e3c8d39ef6d065d59fd8b6b2833882282bdc0e713b9a7ec83e0169f0') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/append_to_bet.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.append_to_bet(
    p_tenant_id bigint, p_bet_id text, p_kind text, p_event_data jsonb, p_idempotency_key text,
    OUT duplicate boolean, OUT placed jsonb, OUT event_time bigint, OUT event_id uuid
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_event_type text := 'V1_BETS_BET_' || p_kind;
    v_stored record;
    v_seen record;
    v_last bigint;
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    SELECT extract(EPOCH FROM b.last_updated_at) * 1000 INTO v_last
    FROM public.bets_view AS b
    WHERE b.tenant_id = p_tenant_id AND b.bet_id = p_bet_id AND b.user_id IS NOT NULL;
    IF v_last IS NULL THEN
        RAISE EXCEPTION 'bet % of tenant % does not exist', coalesce(quote_literal(p_bet_id), 'null'), p_tenant_id
            USING ERRCODE = 'BL002', HINT = 'Send the bet_id that place_bet gave, and the tenant that it was placed with.';
    END IF;
    -- Never before the last event, even if the clock was set back: the new event is to fold last.
    event_time := greatest(projection.current_ms(), v_last);
    event_id := coalesce(projection.event_id(p_tenant_id, lower(p_kind), p_idempotency_key), gen_random_uuid());

    INSERT INTO public.bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
    VALUES (
        event_id, p_tenant_id, p_bet_id, v_event_type, CASE WHEN p_event_data -> 'reason' = 'null' THEN p_event_data - 'reason' ELSE p_event_data END, event_time, 1,
        '{}'::jsonb || CASE WHEN p_idempotency_key IS NULL THEN '{}' ELSE jsonb_build_object('idempotency_key', p_idempotency_key) END
    )
    ON CONFLICT DO NOTHING;
    duplicate := NOT FOUND;
    IF duplicate THEN
        SELECT s.* INTO v_stored FROM projection.bet_event_of_request(p_tenant_id, event_id, p_idempotency_key) AS s;
        PERFORM projection.require_same_request(
            p_idempotency_key, v_stored.event_type, v_event_type,
            v_stored.event_data || jsonb_build_object('bet_id', v_stored.aggregate_id), p_event_data || jsonb_build_object('bet_id', p_bet_id)
        );
        RETURN;
    END IF;

    -- The trigger has locked the bet: the events seen now are all there are before ours.
    SELECT
        bool_or(e.event_type = v_event_type) AS done,
        max(lower(substr(e.event_type, 13))) FILTER (WHERE e.event_type IN ('V1_BETS_BET_SETTLED', 'V1_BETS_BET_CANCELLED')) AS final,
        max(e."timestamp") AS last,
        (array_agg(e.event_data ORDER BY e."timestamp" DESC, e.id DESC) FILTER (WHERE e.event_type = 'V1_BETS_BET_PLACED'))[1] AS placed
    INTO v_seen
    FROM public.bet_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_bet_id AND e.id <> append_to_bet.event_id;
    IF v_seen.final IS NOT NULL OR v_seen.done THEN
        RAISE EXCEPTION 'bet % is %: it cannot be %', quote_literal(p_bet_id), coalesce(v_seen.final, lower(p_kind)), lower(p_kind)
            USING ERRCODE = 'BL003', HINT = 'placed can be confirmed, settled or cancelled; confirmed can be settled or cancelled.';
    END IF;
    IF v_seen.last > event_time THEN
        RAISE EXCEPTION 'bet % was changed at the same moment', quote_literal(p_bet_id)
            USING ERRCODE = 'serialization_failure', HINT = 'Call again.';
    END IF;
    placed := v_seen.placed;
END
$$;
COMMENT ON FUNCTION projection.append_to_bet(bigint, text, text, jsonb, text) IS
'Stores an event of a bet that exists for confirm_bet, settle_bet and cancel_bet: insert first (its trigger locks the bet), then judge. Errors: BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant; each undoes the whole call.';
REVOKE ALL ON FUNCTION projection.append_to_bet(bigint, text, text, jsonb, text) FROM public;
GRANT EXECUTE ON FUNCTION projection.append_to_bet(bigint, text, text, jsonb, text) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/append_to_bet.sql', '9deab64aaebd72c4057848d08e0471835ca4e1ff9c6d9ed4b96d6482b73bad26') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/append_to_payment.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.append_to_payment(
    p_tenant_id bigint, p_payment_id text, p_kind text, p_event_data jsonb, p_idempotency_key text,
    OUT duplicate boolean, OUT user_id text, OUT created_ms bigint, OUT event_time bigint, OUT event_id uuid
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_event_type text;
    v_stored record;
    v_seen record;
    v_last bigint;
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    SELECT
        'V1_PAYMENTS_' || upper(p.type) || '_' || p_kind, p.user_id,
        extract(EPOCH FROM p.created_at) * 1000, extract(EPOCH FROM p.last_updated_at) * 1000
    INTO v_event_type, user_id, created_ms, v_last
    FROM public.payments_view AS p
    WHERE p.tenant_id = p_tenant_id AND p.payment_id = p_payment_id AND p.user_id IS NOT NULL;
    IF v_last IS NULL THEN
        RAISE EXCEPTION 'payment % of tenant % does not exist', coalesce(quote_literal(p_payment_id), 'null'), p_tenant_id
            USING ERRCODE = 'BL002', HINT = 'Send the payment_id that deposit or withdraw gave, and the tenant that it was made with.';
    END IF;
    -- Never before the last event, even if the clock was set back: the new event is to fold last.
    event_time := greatest(projection.current_ms(), v_last);
    event_id := coalesce(projection.event_id(p_tenant_id, lower(p_kind), p_idempotency_key), gen_random_uuid());

    INSERT INTO public.payment_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
    VALUES (
        event_id, p_tenant_id, p_payment_id, v_event_type, CASE WHEN p_event_data -> 'reason' = 'null' THEN p_event_data - 'reason' ELSE p_event_data END, event_time, 1,
        '{}'::jsonb || CASE WHEN p_idempotency_key IS NULL THEN '{}' ELSE jsonb_build_object('idempotency_key', p_idempotency_key) END
    )
    ON CONFLICT DO NOTHING;
    duplicate := NOT FOUND;
    IF duplicate THEN
        SELECT s.* INTO v_stored FROM projection.payment_event_of_request(p_tenant_id, event_id, p_idempotency_key) AS s;
        PERFORM projection.require_same_request(
            p_idempotency_key, v_stored.event_type, v_event_type,
            v_stored.event_data || jsonb_build_object('payment_id', v_stored.aggregate_id),
            p_event_data || jsonb_build_object('payment_id', p_payment_id)
        );
        RETURN;
    END IF;

    -- The trigger has locked the payment: the events seen now are all there are before ours.
    SELECT
        max(lower(split_part(e.event_type, '_', 4))) FILTER (WHERE projection.event_rank(e.event_type) = '2') AS final,
        max(e."timestamp") AS last
    INTO v_seen
    FROM public.payment_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_payment_id AND e.id <> append_to_payment.event_id;
    IF v_seen.final IS NOT NULL THEN
        RAISE EXCEPTION 'payment % is %: it cannot be %', quote_literal(p_payment_id), v_seen.final, lower(p_kind)
            USING ERRCODE = 'BL003', HINT = 'Only a created payment can be completed or failed.';
    END IF;
    IF v_seen.last > event_time THEN
        RAISE EXCEPTION 'payment % was changed at the same moment', quote_literal(p_payment_id)
            USING ERRCODE = 'serialization_failure', HINT = 'Call again.';
    END IF;
END
$$;
COMMENT ON FUNCTION projection.append_to_payment(bigint, text, text, jsonb, text) IS
'Stores an event of a payment that exists for complete_payment and fail_payment: insert first (its trigger locks the payment), then judge. Errors: BL002 no such payment, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant; each undoes the whole call.';
REVOKE ALL ON FUNCTION projection.append_to_payment(bigint, text, text, jsonb, text) FROM public;
GRANT EXECUTE ON FUNCTION projection.append_to_payment(bigint, text, text, jsonb, text) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/append_to_payment.sql', '91a35cc9de041d6e24f681c766f7e39bd7bfede6398db588fb6602da2d162685') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/bet_event_of_request.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.bet_event_of_request(
    p_tenant_id bigint, p_id uuid, p_key text, OUT aggregate_id text, OUT event_type text, OUT event_data jsonb
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- By the id that a function makes from the key; else by the key, which a client may have inserted itself.
    SELECT e.aggregate_id, e.event_type, e.event_data INTO aggregate_id, event_type, event_data
    FROM public.bet_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.id = p_id
    UNION ALL
    SELECT e.aggregate_id, e.event_type, e.event_data
    FROM public.bet_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.metadata ->> 'idempotency_key' = p_key
    LIMIT 1;
END
$$;
COMMENT ON FUNCTION projection.bet_event_of_request(bigint, uuid, text) IS
'The event that was stored for an earlier request with the same idempotency key; nulls when there is none.';
REVOKE ALL ON FUNCTION projection.bet_event_of_request(bigint, uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION projection.bet_event_of_request(bigint, uuid, text) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/bet_event_of_request.sql', '0ed3102753753e18cca73b539526abe33534b93bb7661b422859a3fc15e579cc') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/event_rank.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
-- No SET clause and a parsed body: the planner puts it in the place of the call.
CREATE OR REPLACE FUNCTION projection.event_rank(p_event_type text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN right(p_event_type, 7) IN ('_PLACED', 'CREATED') THEN '0'
    WHEN right(p_event_type, 9) = 'CONFIRMED' THEN '1'
    ELSE '2'
END;
COMMENT ON FUNCTION projection.event_rank(text) IS
'Breaks ties: events of one stream with the same timestamp fold in the order of this rank, then of their id. Example: SELECT projection.event_rank(''V1_BETS_BET_PLACED'') gives 0.';
REVOKE ALL ON FUNCTION projection.event_rank(text) FROM public;
GRANT EXECUTE ON FUNCTION projection.event_rank(text) TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/event_rank.sql', 'cedbb225b30de64424edc1c0358e4727377abfddda5353f9f71cf69f2bcf8c43') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/bets_fold.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
-- requires: functions/projection/event_rank.sql
SET LOCAL ROLE betledger_owner;
-- max() over arrays that begin with the position of the event (time, rank of the kind, id; fixed width) picks the
-- last event of each kind. It needs no sort, and cannot depend on the order in which the events come.
CREATE OR REPLACE VIEW projection.bets_fold WITH (security_invoker = true) AS
SELECT
    f.tenant_id,
    f.bet_id,
    f.placed[2] AS user_id,
    f.placed[3]::numeric AS stake,
    f.placed[4]::numeric AS odds,
    f.placed[5] AS fixture_id,
    f.last_event[2] AS status,
    f.settled[2] AS result,
    f.settled[3]::numeric AS payout,
    f.placed[6] AS idempotency_key,
    to_timestamp(f.first_ms / 1000.0::double precision) AS created_at,
    to_timestamp(f.last_ms / 1000.0::double precision) AS last_updated_at
FROM (
    SELECT
        p.tenant_id,
        p.aggregate_id AS bet_id,
        min(p."timestamp") AS first_ms,
        max(p."timestamp") AS last_ms,
        max(ARRAY[p.position, p.status]) AS last_event,
        max(ARRAY[
            p.position,
            p.event_data ->> 'user_id',
            p.event_data ->> 'stake',
            p.event_data ->> 'odds',
            p.event_data ->> 'fixture_id',
            p.metadata ->> 'idempotency_key'
        ]) FILTER (WHERE p.event_type = 'V1_BETS_BET_PLACED') AS placed,
        max(ARRAY[
            p.position,
            p.event_data ->> 'result',
            p.event_data ->> 'payout'
        ]) FILTER (WHERE p.event_type = 'V1_BETS_BET_SETTLED') AS settled
    FROM (
        SELECT
            e.tenant_id,
            e.aggregate_id,
            e."timestamp",
            e.event_type,
            e.event_data,
            e.metadata,
            lower(substr(e.event_type, 13)) AS status,
            (
                lpad(e."timestamp"::text, 13, '0')
                || projection.event_rank(e.event_type)
                || e.id::text
            ) COLLATE "C" AS position
        FROM public.bet_events AS e
    ) AS p
    GROUP BY p.tenant_id, p.aggregate_id
) AS f;
COMMENT ON VIEW projection.bets_fold IS
'The fold of public.bet_events into public.bets_view. Events of one bet fold in order of time, then placed, confirmed, settled or cancelled, then id.';
REVOKE ALL ON projection.bets_fold FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/bets_fold.sql', 'dedb50eda7515383ec4b31293daf9db69939edcc9860d27c571e8386746115e8') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/change_balance.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.change_balance(
    p_tenant_id bigint, p_user_id text, p_direction text, p_amount numeric, p_timestamp bigint, p_related_to text,
    p_id uuid, p_event_data jsonb, p_metadata jsonb
)
RETURNS numeric
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_balance numeric;
BEGIN
    INSERT INTO public.balance_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
    VALUES (
        p_id, p_tenant_id, 'balance-' || p_user_id, 'V1_BALANCES_BALANCE_' || p_direction,
        jsonb_build_object('user_id', p_user_id, 'amount', p_amount) || p_event_data, p_timestamp, 1,
        coalesce(p_metadata, '{}') || jsonb_build_object('related_to', p_related_to)
    )
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'idempotency key % was used for another balance change', quote_literal(p_metadata ->> 'idempotency_key')
            USING ERRCODE = 'BL005', HINT = 'Send a new key with each new operation.';
    END IF;
    -- The trigger of the event has locked the row of the user: what is read now stays until we commit.
    SELECT b.balance INTO v_balance FROM public.user_balances_view AS b
    WHERE b.tenant_id = p_tenant_id AND b.user_id = p_user_id;
    IF p_direction = 'DECREASED' AND v_balance < 0 THEN
        RAISE EXCEPTION 'user % has %, which is less than %', quote_literal(p_user_id), v_balance + p_amount, p_amount
            USING ERRCODE = 'BL004', HINT = 'Deposit first, or ask for less. The same idempotency key may be sent again.';
    END IF;
    RETURN v_balance;
END
$$;
COMMENT ON FUNCTION projection.change_balance(bigint, text, text, numeric, bigint, text, uuid, jsonb, jsonb) IS
'Stores a balance event for a function and gives the new balance. Errors: BL004 insufficient funds, BL005 the key was used for another balance change; either undoes the whole call.';
REVOKE ALL ON FUNCTION projection.change_balance(bigint, text, text, numeric, bigint, text, uuid, jsonb, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION projection.change_balance(bigint, text, text, numeric, bigint, text, uuid, jsonb, jsonb) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/change_balance.sql', 'f6e9905af187b6bf77b6f3bc1a12d1efe68fcfcda935b22c8a7c2bb72375a991') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/closing_position.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.closing_position(p_text text, p_from integer)
RETURNS integer
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_depth integer := 0;
    v_quote text;
    v_char text;
BEGIN
    FOR v_position IN p_from .. length(p_text) LOOP
        v_char := substr(p_text, v_position, 1);
        IF v_quote IS NOT NULL THEN
            v_quote := nullif(v_quote, v_char);
        ELSIF v_char IN ('''', '"') THEN
            v_quote := v_char;
        ELSIF v_char = '(' THEN
            v_depth := v_depth + 1;
        ELSIF v_char = ')' THEN
            v_depth := v_depth - 1;
            IF v_depth < 0 THEN
                RETURN v_position;
            END IF;
        END IF;
    END LOOP;
    RETURN length(p_text) + 1;
END
$$;
COMMENT ON FUNCTION projection.closing_position(text, integer) IS
'Where the parenthesis closes that is open at a position of an SQL text; one past the end if none is. Example: SELECT projection.closing_position(''f(a, (b)) + 1'', 3) gives 9.';
REVOKE ALL ON FUNCTION projection.closing_position(text, integer) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/closing_position.sql', '9872a0225a417f2a1f46a0dcdb648ec7ee7a6875154ff424b54dc6f2b75683e8') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/columns.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.columns(p_table text, p_template text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(format(p_template, a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
    FROM pg_attribute AS a
    WHERE a.attrelid = p_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
$$;
COMMENT ON FUNCTION projection.columns(text, text) IS
'The columns of a table as a list, each through a format() template that may use its name (%1$I) and its type (%2$s). Example: SELECT projection.columns(''public.bets_view'', ''t.%1$I'').';
REVOKE ALL ON FUNCTION projection.columns(text, text) FROM public;
GRANT EXECUTE ON FUNCTION projection.columns(text, text) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/columns.sql', '896fc0c739bd61554665f804f7f3eb0fd0ef32e8dc68d4b43cae49f31543c802') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/compile_event_table.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.compile_event_table(p_event_table text, p_shard_id bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $compile$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_name text;
    v_fold record;
    v_begin text;
    v_inserted text := '';
    v_key_removed text := '';
    v_key text;
    v_columns text;
    v_refresh text;
    v_suffix text;
    v_body text;
    v_beginnings text[];
    v_unmade text;
    v_frame constant text := $text$
DECLARE
    v_event record;
    v_done boolean;
    v_is_new boolean;
    v_tenant_ids bigint[];
    v_keys text[];
BEGIN%s%s
END
$text$;
BEGIN
    IF p_shard_id IS NULL THEN
        -- Found here, and not by the first event that comes.
        SELECT format('%s of %s', a.attname, p.read_table) INTO v_unmade
        FROM projection.projections AS p
        JOIN pg_attribute AS a ON a.attrelid = p.read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
        WHERE p.kind <> 'slots' AND NOT EXISTS (
            SELECT FROM projection.folds AS f
            JOIN pg_attribute AS m ON m.attrelid = f.fold::regclass AND m.attnum > 0 AND m.attname = a.attname
            WHERE f.read_table = p.read_table
        )
        LIMIT 1;
        IF v_unmade IS NOT NULL THEN
            RAISE EXCEPTION 'column % is made by no fold', v_unmade
                USING ERRCODE = 'BL020', HINT = 'Add it to the view in projection.folds, or drop it: a table of your own may hold what you know of a row.';
        END IF;
        IF projection.is_distributed(p_event_table) THEN
            PERFORM projection.compile_version();
        END IF;
        PERFORM projection.compile_refresh(p.read_table) FROM projection.projections AS p WHERE p.kind <> 'slots';
    END IF;

    -- The types that a stream begins with; a sum knows no streams.
    SELECT coalesce(array_agg(t.event_type ORDER BY t.event_type), '{}') INTO v_beginnings
    FROM projection.event_types AS t
    WHERE t.event_table = p_event_table AND (projection.event_rank(t.event_type) = '0' OR NOT EXISTS (
        SELECT FROM projection.folds AS f
        JOIN projection.projections AS p ON p.read_table = f.read_table
        WHERE f.source_table = p_event_table AND p.kind = 'state'
    ));

    FOR v_fold IN
        SELECT f.fold, f.key_expression, p.*
        FROM projection.folds AS f
        JOIN projection.projections AS p ON p.read_table = f.read_table
        WHERE f.source_table = p_event_table
        ORDER BY p.position
    LOOP
        v_columns := projection.columns(v_fold.read_table, '%1$I');
        v_key := format('%I', v_fold.key_columns[2]);
        v_refresh := format('projection.%I', 'refresh_' || split_part(v_fold.read_table, '.', 2));
        -- With the type as a literal the planner works out most of the fold beforehand.
        SELECT string_agg(format(
            E'\n    %sIF v_event.begins = %L THEN%s', CASE WHEN b.n > 1 THEN 'ELS' ELSE '' END, b.event_type,
            CASE v_fold.kind WHEN 'state' THEN
                format(
                    E'\n    INSERT INTO %s (%s) SELECT %s FROM %s AS f\n    ON CONFLICT DO NOTHING;\n    v_done := FOUND;\n    IF v_done THEN%s\n    END IF;',
                    v_fold.read_table, v_columns, projection.columns(v_fold.read_table, 'f.%1$I'), b.change,
                    projection.summary_changes_of_one(jsonb_build_object(v_fold.read_table, b.change), v_fold.position)
                )
            ELSE
                projection.add_one_change(
                    v_fold.read_table, projection.folded_by(v_fold.read_table, ARRAY[p_event_table]), 'SELECT x.* FROM ' || b.change || ' AS x'
                ) || E'\n    v_done := true;'
                || projection.summary_changes_of_one(jsonb_build_object(v_fold.read_table, b.change), v_fold.position)
            END
        ), '' ORDER BY b.n) || E'\n    END IF;' INTO v_begin
        FROM (
            SELECT t.event_type, t.n, format('(%s)', projection.fold_of_one(projection.fold_text(v_fold.fold, format('(SELECT %s)', (
                SELECT string_agg(
                    CASE a.attname WHEN 'event_type' THEN format('%L::text', t.event_type) ELSE format('v_event.%I', a.attname) END
                    || format(' AS %I', a.attname), ', ' ORDER BY a.attnum)
                FROM pg_attribute AS a
                WHERE a.attrelid = p_event_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
            ))))) AS change
            FROM unnest(v_beginnings) WITH ORDINALITY AS t (event_type, n)
        ) AS b;
        v_inserted := v_inserted || E'\n    v_done := false;' || coalesce(v_begin, '');
        IF v_fold.kind = 'state' THEN
            v_inserted := v_inserted || format(
                $text$
    IF NOT v_done THEN
    v_keys := NULL;
    -- Before any summary is locked: read tables, then summaries, each in one pass and in one order everywhere.
    PERFORM FROM %2$s AS t JOIN (SELECT DISTINCT e.tenant_id, %9$s AS key FROM new_events AS e) AS k
        ON t.tenant_id = k.tenant_id AND t.%5$s = k.key
    ORDER BY t.tenant_id, t.%5$s COLLATE "C" FOR NO KEY UPDATE OF t;
    IF FOUND THEN
        SELECT array_agg(k.tenant_id), array_agg(k.key) INTO v_tenant_ids, v_keys
        FROM (SELECT DISTINCT e.tenant_id, %9$s AS key FROM new_events AS e) AS k;
    ELSE
    -- Streams that are new are folded from the new events alone, but for those that another writer began meanwhile.
    WITH folded AS (%1$s),
    inserted AS (
        INSERT INTO %2$s (%3$s) SELECT %4$s FROM folded AS f ORDER BY f.tenant_id, f.%5$s COLLATE "C"
        ON CONFLICT DO NOTHING RETURNING *
    )%6$s
    SELECT array_agg(f.tenant_id), array_agg(f.%5$s) INTO v_tenant_ids, v_keys
    FROM folded AS f WHERE NOT EXISTS (SELECT FROM inserted AS i WHERE %7$s);
    END IF;
    IF v_keys IS NOT NULL THEN
        PERFORM %8$s(v_tenant_ids, v_keys);
    END IF;
    END IF;$text$,
                projection.fold_text(v_fold.fold, 'new_events'), v_fold.read_table, v_columns,
                projection.columns(v_fold.read_table, 'f.%1$I'), v_key,
                (projection.summary_changes(v_fold.read_table, NULL, 'inserted')).ctes,
                projection.key_match(v_fold.read_table, 'i', 'f'), v_refresh, v_fold.key_expression
            );
            -- An idempotency key that was taken out leaves the read table, too.
            v_key_removed := v_key_removed || format(
                $text$
    SELECT array_agg(f.tenant_id), array_agg(f.%2$s) INTO v_tenant_ids, v_keys FROM (%1$s) AS f;
    IF v_keys IS NOT NULL THEN
        PERFORM %3$s(v_tenant_ids, v_keys);
    END IF;$text$,
                projection.fold_text(v_fold.fold, 'new_events'), v_key, v_refresh
            );
        ELSE
            v_inserted := v_inserted || format(
                $text$
    IF NOT v_done THEN
    WITH folded AS (%1$s),
    changed AS (
        INSERT INTO %2$s AS t (%3$s) SELECT %4$s FROM folded AS f ORDER BY f.tenant_id, f.%5$s COLLATE "C"
        ON CONFLICT (tenant_id, %5$s) DO UPDATE SET %6$s RETURNING t.tenant_id
    )%7$s
    SELECT array_agg(c.tenant_id) INTO v_tenant_ids FROM changed AS c;
    END IF;$text$,
                projection.fold_text(v_fold.fold, 'new_events'), v_fold.read_table, v_columns,
                projection.columns(v_fold.read_table, 'f.%1$I'), v_key,
                projection.added_columns(
                    v_fold.read_table, projection.folded_by(v_fold.read_table, ARRAY[p_event_table]), 'excluded'
                ),
                (projection.summary_changes(v_fold.read_table, NULL, 'folded')).ctes
            );
        END IF;
    END LOOP;

    v_inserted := (
        SELECT format(
            $text$
    -- One event that begins a stream, and is fine: by far the most frequent case, worth plain statements.
    SELECT e.*, CASE
        WHEN EXISTS (SELECT FROM new_events OFFSET 1) THEN NULL
        %1$s
    END AS begins INTO v_event FROM new_events AS e LIMIT 1;
    IF v_event.begins IS NULL THEN
        PERFORM projection.refuse_event(
            %2$L, e.tenant_id, e.aggregate_id, e.event_type, e.event_data, e."timestamp", e.version, e.metadata, e.id, e.created_at
        )
        FROM new_events AS e
        WHERE (%4$s
            AND CASE e.event_type
            %3$s
            ELSE false END) IS NOT TRUE;
    END IF;$text$,
            coalesce(string_agg(
                format(
                    E'WHEN e.event_type = %1$L AND %2$s\n            AND %3$s\n            THEN %1$L::text',
                    t.event_type, projection.envelope_check('e'), projection.payload_check(p_event_table, t.event_type, 'e')
                ), E'\n        ' ORDER BY t.event_type
            ) FILTER (WHERE t.event_type = ANY (v_beginnings)), ''),
            p_event_table,
            string_agg(
                format('WHEN %L THEN %s', t.event_type, projection.payload_check(p_event_table, t.event_type, 'e')),
                E'\n            ' ORDER BY t.event_type
            ),
            projection.envelope_check('e')
        )
        FROM projection.event_types AS t WHERE t.event_table = p_event_table
    ) || v_inserted;

    FOR v_suffix, v_body IN VALUES ('_inserted', v_inserted), ('_key_removed', v_key_removed) LOOP
        v_name := split_part(p_event_table, '.', 2) || v_suffix;
        IF p_shard_id IS NOT NULL THEN
            -- Not a trigger function, but called by one: a plan that names a shard can be kept, one over the rows of a statement cannot.
            EXECUTE projection.localized(format(
                $text$CREATE OR REPLACE FUNCTION projection.%1$I(p_new_events %3$s[]) RETURNS void LANGUAGE plpgsql
                AS $body$%2$s$body$$text$,
                v_name, format(v_frame, replace(v_body, ' new_events ', ' unnest(p_new_events) '), ''), p_event_table
            ), p_shard_id);
            EXECUTE projection.localized(format('REVOKE ALL ON FUNCTION projection.%I FROM public', v_name), p_shard_id);
            CONTINUE;
        ELSIF projection.is_distributed(p_event_table) THEN
            v_body := projection.shard_trigger_body(p_event_table, v_suffix);
        ELSE
            v_body := format(v_frame, v_body, E'\n    RETURN NULL;');
        END IF;
        EXECUTE format(
            $text$CREATE OR REPLACE FUNCTION projection.%1$I() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
            AS $body$%2$s$body$$text$, v_name, v_body
        );
        EXECUTE format('REVOKE ALL ON FUNCTION projection.%I() FROM public', v_name);
        EXECUTE format(
            'COMMENT ON FUNCTION projection.%I() IS %L', v_name,
            format('Trigger function of %s, made by projection.compile_event_table(); change the folds or projection.event_types instead.', p_event_table)
        );
    END LOOP;
END
$compile$;
COMMENT ON FUNCTION projection.compile_event_table(text, bigint) IS
'Makes the trigger functions projection.<event table>_inserted() (which checks, then projects) and _key_removed() from projection.event_types and the folds, and the refresh functions of all read tables. With a shard, on its Citus node: the functions that the trigger functions call there (see projection.compile_shard). Example: SELECT projection.compile_event_table(''public.bet_events'').';
REVOKE ALL ON FUNCTION projection.compile_event_table(text, bigint) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/compile_event_table.sql', '30e8f2f726eec7b44761fe6677464d718839452549821b4f089d2b68c18ea06b') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/compile_refresh.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.compile_refresh(p_read_table text, p_shard_id bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $compile$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_projection projection.projections%ROWTYPE;
    v_name text := split_part(p_read_table, '.', 2);
    v_sources jsonb;
    v_summaries record;
    v_key text;
    v_stale text;
BEGIN
    SELECT p.* INTO STRICT v_projection FROM projection.projections AS p WHERE p.read_table = p_read_table;
    v_key := format('%I', v_projection.key_columns[2]);
    -- LATERAL with OFFSET 0: index lookups for each key, whatever the planner thinks of the size of the tables.
    SELECT jsonb_object_agg(f.source_table, jsonb_build_object('+', format(
        '(SELECT e.* FROM %s AS e WHERE e.tenant_id = k.tenant_id AND %s = k.key OFFSET 0)', f.source_table, f.key_expression
    ))) INTO v_sources
    FROM projection.folds AS f WHERE f.read_table = p_read_table;
    v_summaries := projection.summary_changes(p_read_table, 'before', 'after');
    SELECT string_agg(format(
        '    PERFORM projection.%I(s.tenant_ids, s.keys) FROM (SELECT array_agg(x.tenant_id) AS tenant_ids, array_agg(x.key) AS keys'
        || ' FROM jsonb_to_recordset(coalesce(nullif(v_stale -> %L, ''null''), ''[]'')) AS x (tenant_id bigint, key text)) AS s WHERE s.keys IS NOT NULL;',
        'refresh_' || split_part(t.name, '.', 2), t.name
    ), E'\n') INTO v_stale
    FROM unnest(v_summaries.stale) AS t (name);

    EXECUTE projection.localized(format(
        $text$
CREATE OR REPLACE FUNCTION projection.%1$I(p_tenant_ids bigint[], p_keys text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS $body$
DECLARE
    v_changed bigint;
    v_changed_in_all bigint := 0;
    v_locked bigint;
    v_missed boolean;
    v_stale jsonb;
BEGIN
    LOOP
        -- Lock first, fold in a later statement: its snapshot then holds every event whose writer had the lock before.
        SELECT count(*) INTO v_locked FROM (
            SELECT FROM (SELECT DISTINCT u.tenant_id, u.key FROM unnest(p_tenant_ids, p_keys) AS u (tenant_id, key)) AS k
            JOIN %2$s AS t ON t.tenant_id = k.tenant_id AND t.%3$s = k.key
            ORDER BY t.tenant_id, t.%3$s COLLATE "C" FOR NO KEY UPDATE OF t
        ) AS l;

        WITH keys AS (SELECT DISTINCT k.tenant_id, k.key FROM unnest(p_tenant_ids, p_keys) AS k (tenant_id, key)),
        -- Each key with its row as it should be and as it is.
        work AS MATERIALIZED (
            SELECT
                k.tenant_id, k.key, f.tenant_id IS NOT NULL AS wanted, ROW(%7$s)::%2$s AS new_row,
                o.old_row IS DISTINCT FROM NULL AS found, o.old_row
            FROM keys AS k
            LEFT JOIN LATERAL (SELECT %4$s FROM (%5$s) AS f) AS f ON true
            LEFT JOIN LATERAL (
                SELECT t AS old_row FROM %2$s AS t WHERE t.tenant_id = k.tenant_id AND t.%3$s = k.key OFFSET 0
            ) AS o ON true
        ),
        -- A row that was made after we had locked is not ours to change: its writers may be at it. Lock again.
        all_locked AS (SELECT count(*) FILTER (WHERE w.found) = v_locked AS yes FROM work AS w),
        updated AS (
            UPDATE %2$s AS t SET (%6$s) = ROW(%8$s) FROM work AS w
            WHERE t.tenant_id = w.tenant_id AND t.%3$s = w.key AND w.wanted AND w.found AND w.old_row *<> w.new_row
                AND (SELECT a.yes FROM all_locked AS a)
            RETURNING t.*, w.old_row
        ),
        inserted AS (
            INSERT INTO %2$s (%6$s) SELECT %8$s FROM work AS w
            WHERE w.wanted AND NOT w.found AND (SELECT a.yes FROM all_locked AS a)
            ORDER BY w.tenant_id, w.key COLLATE "C" ON CONFLICT DO NOTHING RETURNING *
        ),
        deleted AS (
            DELETE FROM %2$s AS t USING work AS w
            WHERE t.tenant_id = w.tenant_id AND t.%3$s = w.key AND w.found AND NOT w.wanted
                AND (SELECT a.yes FROM all_locked AS a) RETURNING t.*
        ),
        before AS (SELECT (u.old_row).* FROM updated AS u UNION ALL SELECT d.* FROM deleted AS d),
        after AS (SELECT %9$s FROM updated AS u UNION ALL SELECT i.* FROM inserted AS i)%10$s
        SELECT
            (SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted) + (SELECT count(*) FROM deleted),
            NOT (SELECT a.yes FROM all_locked AS a)
                OR (SELECT count(*) FROM work AS w WHERE w.wanted AND NOT w.found) > (SELECT count(*) FROM inserted),
            %11$s
        INTO v_changed, v_missed, v_stale;
        v_changed_in_all := v_changed_in_all + v_changed;
%12$s
        -- Missed: another transaction made a row after we had looked. Now there is something to lock.
        EXIT WHEN NOT v_missed;
    END LOOP;
    RETURN v_changed_in_all;
END
$body$
        $text$,
        'refresh_' || v_name, p_read_table, v_key,
        projection.folded_columns(p_read_table),
        projection.union_of_folds(p_read_table, v_sources),
        projection.columns(p_read_table, '%1$I'),
        projection.columns(p_read_table, 'f.%1$I'),
        projection.columns(p_read_table, '(w.new_row).%1$I'),
        projection.columns(p_read_table, 'u.%1$I'),
        v_summaries.ctes,
        coalesce((SELECT 'jsonb_build_object(' || string_agg(format(
            '%L, (SELECT jsonb_agg(jsonb_build_object(''tenant_id'', s.tenant_id, ''key'', s.%I)) FROM %I AS s)',
            p.read_table, p.key_columns[2], split_part(p.read_table, '.', 2) || '_stale'
        ), ', ') || ')' FROM projection.projections AS p WHERE p.read_table = ANY (v_summaries.stale)), 'NULL::jsonb'),
        coalesce(v_stale, '')
    ), p_shard_id);
    EXECUTE projection.localized(format('REVOKE ALL ON FUNCTION projection.%I(bigint[], text[]) FROM public', 'refresh_' || v_name), p_shard_id);
    EXECUTE projection.localized(
        format('GRANT EXECUTE ON FUNCTION projection.%I(bigint[], text[]) TO betledger_operator', 'refresh_' || v_name), p_shard_id
    );
    EXECUTE projection.localized(format(
        'COMMENT ON FUNCTION projection.%I(bigint[], text[]) IS %L', 'refresh_' || v_name,
        format('Folds the given rows of %s anew and carries the difference to the summaries. Made by projection.compile_refresh(); change the folds instead.', v_name)
    ), p_shard_id);
END
$compile$;
COMMENT ON FUNCTION projection.compile_refresh(text, bigint) IS
'Makes projection.refresh_<read table>(tenant_ids, keys) from the folds of the read table; with a shard, the one that works on the shards of its node (see projection.compile_shard). Example: SELECT projection.compile_refresh(''public.bets_view'').';
REVOKE ALL ON FUNCTION projection.compile_refresh(text, bigint) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/compile_refresh.sql', 'eb8feede35538f46d7287fda6c9bdbaba7d14e6e2d6f06f3f82e1f0ef8e06a8a') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/compile_shard.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.compile_shard(p_shard_id bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_made boolean;
BEGIN
    IF to_regproc(projection.localized('projection.bet_events_inserted', p_shard_id)) IS NOT NULL THEN
        RETURN;
    END IF;
    -- In a session of its own: whoever makes functions lets others wait until it commits, and must not itself wait for
    -- the rows that they have locked.
    SELECT r.success INTO v_made
    FROM pg_catalog.pg_dist_local_group AS l
    JOIN pg_catalog.pg_dist_node AS n ON n.groupid = l.groupid AND n.noderole = 'primary'
    CROSS JOIN LATERAL pg_catalog.master_run_on_worker(
        ARRAY[n.nodename], ARRAY[n.nodeport], ARRAY[format('SELECT projection.make_shard_functions(%s)', p_shard_id)], false
    ) AS r;
    -- A shard of this very transaction, which no other session sees.
    IF v_made IS NOT TRUE THEN
        PERFORM projection.make_shard_functions(p_shard_id);
    END IF;
END
$$;
COMMENT ON FUNCTION projection.compile_shard(bigint) IS
'On the Citus node that holds a shard: sees to it that the projection functions of it and of the shards beside it are there. Called by the first event that finds them missing: after a split, a move, a rebalance or an upgrade. Example: SELECT projection.compile_shard(102008).';
REVOKE ALL ON FUNCTION projection.compile_shard(bigint) FROM public;
GRANT EXECUTE ON FUNCTION projection.compile_shard(bigint) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/compile_shard.sql', '0e6642a5d0a7287551c7b488083b6ee22bd723c8898107f6e187a2329fde0be0') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/compile_version.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.compile_version()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION projection.compiled_version() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN %L',
        (
            SELECT left(md5(string_agg(part.text, E'\n' ORDER BY part.text)), 8)
            FROM (
                SELECT pg_get_viewdef(f.fold::regclass) FROM projection.folds AS f
                UNION ALL SELECT f::text FROM projection.folds AS f
                UNION ALL SELECT p::text FROM projection.projections AS p
                UNION ALL SELECT t::text FROM projection.event_types AS t
                UNION ALL SELECT projection.columns(p.read_table, '%I %s') FROM projection.projections AS p
                UNION ALL
                SELECT p.prosrc FROM pg_proc AS p
                WHERE p.pronamespace = 'projection'::regnamespace AND p.prorettype <> 'trigger'::regtype
                    AND p.proname !~ '^refresh_|_[0-9a-f]{8}$|^compiled_version$'
            ) AS part (text)
        )
    );
    ALTER FUNCTION projection.compiled_version() OWNER TO betledger_owner;
    COMMENT ON FUNCTION projection.compiled_version() IS
    'Changes whenever a fold, an event type or a generator does: part of the names of the functions that Citus nodes compile for their shards. Made by projection.compile_version().';
    REVOKE ALL ON FUNCTION projection.compiled_version() FROM public;
    GRANT EXECUTE ON FUNCTION projection.compiled_version() TO betledger_operator;
END
$$;
COMMENT ON FUNCTION projection.compile_version() IS
'Makes projection.compiled_version() from all that projection functions are compiled from. Needed on Citus only.';
REVOKE ALL ON FUNCTION projection.compile_version() FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/compile_version.sql', 'e8ddb56d14c81c9c3d88d0c78d481c8c3a6ab3babe96a9508b056f8b6ced3e2c') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/current_ms.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.current_ms()
RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN floor(extract(EPOCH FROM clock_timestamp()) * 1000)::bigint;
COMMENT ON FUNCTION projection.current_ms() IS
'The time in milliseconds since 1970-01-01 UTC, for the timestamp of events that functions make. Example: SELECT projection.current_ms().';
REVOKE ALL ON FUNCTION projection.current_ms() FROM public;
GRANT EXECUTE ON FUNCTION projection.current_ms() TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/current_ms.sql', '704ead2a302ae4f742db80491abec7c5112a414e48c8a2a08bf62fb7a249588e') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/envelope_check.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.envelope_check(p_row text)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $check$
    SELECT format(
        $text$%1$s.tenant_id > 0 AND %1$s.aggregate_id <> '' AND %1$s."timestamp" BETWEEN 1 AND 4102444799999
            AND %1$s.version = 1 AND isfinite(%1$s.created_at)
            AND jsonb_typeof(%1$s.event_data) = 'object' AND pg_column_size(%1$s.event_data) <= 65536
            AND (%1$s.metadata IS NULL OR jsonb_typeof(%1$s.metadata) = 'object' AND pg_column_size(%1$s.metadata) <= 65536
                AND CASE WHEN jsonb_typeof(%1$s.metadata -> 'idempotency_key') = 'string'
                    THEN %1$s.metadata ->> 'idempotency_key' <> '' ELSE NOT %1$s.metadata ? 'idempotency_key' END)$text$,
        p_row
    )
$check$;
COMMENT ON FUNCTION projection.envelope_check(text) IS
'The SQL condition that every event has to meet besides its payload, for the alias of its row. Nulls and text too long for an index are refused before (projection.refuse_malformed). Example: SELECT projection.envelope_check(''e'').';
REVOKE ALL ON FUNCTION projection.envelope_check(text) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/envelope_check.sql', 'e21d5c7fdc5a46788f8f09c956991c5f33da62fad9b5e820131469cd1aa025d6') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/event_id.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.event_id(p_tenant_id bigint, p_operation text, p_key text)
RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(
    substring(sha256(convert_to(p_tenant_id::text || ' ' || p_operation || ' ' || p_key, 'UTF8')) FROM 1 FOR 16), 'hex'
)::uuid;
COMMENT ON FUNCTION projection.event_id(bigint, text, text) IS
'The id of the event that an operation makes for an idempotency key: the same call always makes the same id, so that it is recognised after its key has expired, too. Example: SELECT projection.event_id(10001, ''place_bet'', ''key-1'').';
REVOKE ALL ON FUNCTION projection.event_id(bigint, text, text) FROM public;
GRANT EXECUTE ON FUNCTION projection.event_id(bigint, text, text) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/event_id.sql', '574e7f8c6aba64c5035125428b4049227300575db0a6cf10851c95ac1e5eadf7') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/field_check.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.field_check(p_kind text, p_json text, p_text text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Of all JSON only a number or a string has such a text.
    v_number constant text := '^[0-9]{1,20}(\.[0-9]{1,18})?$';
    v_string text := format('jsonb_typeof(%s) = ''string''', p_json);
BEGIN
    RETURN CASE p_kind
        WHEN 'identifier' THEN format('%s AND length(%s) BETWEEN 1 AND 200', v_string, p_text)
        WHEN 'text' THEN format('%s AND length(%s) <= 1000', v_string, p_text)
        WHEN 'result' THEN format('%s AND %s IN (''win'', ''loss'', ''void'')', v_string, p_text)
        WHEN 'flag' THEN format('jsonb_typeof(%s) = ''boolean''', p_json)
        WHEN 'amount' THEN format(
            'CASE WHEN %1$s ~ %2$L THEN %1$s::numeric > 0 ELSE false END', p_text, v_number
        )
        WHEN 'payout' THEN format('%1$s ~ %2$L', p_text, v_number)
        WHEN 'odds' THEN format(
            'CASE WHEN %1$s ~ %2$L THEN %1$s::numeric >= 1 ELSE false END', p_text, v_number
        )
    END;
END
$$;
COMMENT ON FUNCTION projection.field_check(text, text, text) IS
'The SQL condition that a payload field of a kind has to meet, for an expression of its JSON and one of its text; null for an unknown kind. Example: SELECT projection.field_check(''flag'', ''(d -> ''''f'''')'', ''(d ->> ''''f'''')'').';
REVOKE ALL ON FUNCTION projection.field_check(text, text, text) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/field_check.sql', '9d041067f33ef69fae9f227fb58f9b399c03cae4f04d7bc714826196e21b6438') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/fingerprint.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.fingerprint(p_table text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from the catalogue.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_answer text;
BEGIN
    EXECUTE format(
        'SELECT format(''%%s rows, sum %%s'', count(*), coalesce(sum(hashtextextended(ROW(%s)::text, 0)), 0)) FROM %s AS t',
        projection.columns(p_table, 't.%1$I'), p_table::regclass
    ) INTO v_answer;
    RETURN v_answer;
END
$$;
COMMENT ON FUNCTION projection.fingerprint(text) IS
'The number of rows of a table and the sum of a hash of each: the same for two tables with the same rows, in whatever order. Example: SELECT projection.fingerprint(''public.bet_events'').';
REVOKE ALL ON FUNCTION projection.fingerprint(text) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/fingerprint.sql', '85866ea3f5c8d54888cb0877750b6a5df30dab886bad07e1337374110f070ee7') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/split_list.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.split_list(p_text text)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_parts text[] := '{}';
    v_depth integer := 0;
    v_quote text;
    v_char text;
    v_from integer := 1;
BEGIN
    FOR v_position IN 1 .. length(p_text) LOOP
        v_char := substr(p_text, v_position, 1);
        IF v_quote IS NOT NULL THEN
            v_quote := nullif(v_quote, v_char);
        ELSIF v_char IN ('''', '"') THEN
            v_quote := v_char;
        ELSIF v_char IN ('(', '[') THEN
            v_depth := v_depth + 1;
        ELSIF v_char IN (')', ']') THEN
            v_depth := v_depth - 1;
        ELSIF v_char = ',' AND v_depth = 0 THEN
            v_parts := v_parts || btrim(substr(p_text, v_from, v_position - v_from));
            v_from := v_position + 1;
        END IF;
    END LOOP;
    RETURN v_parts || btrim(substr(p_text, v_from));
END
$$;
COMMENT ON FUNCTION projection.split_list(text) IS
'The elements of a list of SQL expressions, split at the commas that no parenthesis, bracket or quote holds. Example: SELECT projection.split_list(''a, f(b, c)'') gives {a,"f(b, c)"}.';
REVOKE ALL ON FUNCTION projection.split_list(text) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/split_list.sql', 'ffd48cd1a8841e3c7219c07cf29401174b116ec70574854e8f9b99f7055ba039') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/fold_of_one.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
-- requires: functions/projection/split_list.sql
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.fold_of_one(p_text text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_text text := p_text;
    v_start integer;
    v_open integer;
    v_close integer;
    v_aggregate text;
    v_argument text;
    v_filter text;
    v_template text;
    v_array text;
    v_alias text;
BEGIN
    LOOP
        v_start := regexp_instr(v_text, '\m(count|sum|min|max)\(');
        EXIT WHEN v_start = 0;
        v_open := v_start + strpos(substr(v_text, v_start), '(');
        v_aggregate := substr(v_text, v_start, v_open - v_start - 1);
        v_close := projection.closing_position(v_text, v_open);
        v_argument := substr(v_text, v_open, v_close - v_open);
        v_filter := NULL;
        IF substr(v_text, v_close + 1, 15) = ' FILTER (WHERE ' THEN
            v_open := v_close + 16;
            v_close := projection.closing_position(v_text, v_open);
            v_filter := substr(v_text, v_open, v_close - v_open);
        END IF;
        v_argument := CASE
            WHEN v_aggregate <> 'count' THEN v_argument
            WHEN v_argument = '*' THEN '1'
            ELSE format('CASE WHEN %s IS NULL THEN 0 ELSE 1 END', v_argument)
        END;
        v_template := CASE
            WHEN v_filter IS NULL THEN '(%s)'
            ELSE format('(CASE WHEN %s THEN %%s%s END)', replace(v_filter, '%', '%%'), CASE v_aggregate WHEN 'count' THEN ' ELSE 0' END)
        END;
        v_array := substring(v_argument FROM '^ARRAY\[(.*)\]$');
        IF v_array IS NULL THEN
            v_text := substr(v_text, 1, v_start - 1) || format(v_template, v_argument) || substr(v_text, v_close + 1);
        ELSE
            -- max(ARRAY[position, a, b]) AS x picks the last event; of one event, x[2] is just a.
            v_alias := substring(substr(v_text, v_close + 1) FROM '^ AS (\w+)');
            v_text := regexp_replace(
                substr(v_text, 1, v_start - 1)
                || (
                    SELECT string_agg(format(v_template, e.element) || format(' AS %s_%s', v_alias, e.n), ', ' ORDER BY e.n)
                    FROM unnest(projection.split_list(v_array)) WITH ORDINALITY AS e (element, n)
                )
                || substr(v_text, v_close + 1 + length(' AS ' || v_alias)),
                format('\m%s\[(\d+)\]', v_alias), v_alias || '_\1', 'g'
            );
        END IF;
    END LOOP;
    LOOP
        v_start := regexp_instr(v_text, '\s+GROUP BY ');
        EXIT WHEN v_start = 0;
        v_text := substr(v_text, 1, v_start - 1) || substr(v_text, projection.closing_position(v_text, v_start));
    END LOOP;
    RETURN v_text;
END
$$;
COMMENT ON FUNCTION projection.fold_of_one(text) IS
'The text of a fold, made simpler for a source of exactly one row: without grouping, each of count, sum, min and max is its argument, and what an array was made for (to pick the last event) a plain column, so that the planner can merge the levels of the fold into one list of expressions. Most statements insert one event, and an aggregate costs more than all the rest of their fold.';
REVOKE ALL ON FUNCTION projection.fold_of_one(text) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/fold_of_one.sql', 'e5037d9609ea25bc4378d474065d1bab10a64db531d8648fd2128e95a901c571') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/fold_text.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.fold_text(p_fold text, p_source text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source text;
    v_text text := rtrim(pg_get_viewdef(p_fold::regclass), ';');
BEGIN
    SELECT f.source_table INTO STRICT v_source FROM projection.folds AS f WHERE f.fold = p_fold;
    -- With this search_path every table is printed with its schema.
    IF array_length(string_to_array(v_text, ' ' || v_source || ' '), 1) <> 2 THEN
        RAISE EXCEPTION 'fold % has to read its source % exactly once, with an alias', p_fold, v_source
            USING ERRCODE = 'BL020', HINT = 'Correct the view, or its row in projection.folds.';
    END IF;
    RETURN replace(v_text, ' ' || v_source || ' ', ' ' || p_source || ' ');
END
$$;
COMMENT ON FUNCTION projection.fold_text(text, text) IS
'The text of a fold, reading from something else than its source table: the new rows of a statement, the events of some keys, all of them. Error: BL020 when the source is not named exactly once. Example: SELECT projection.fold_text(''projection.bets_fold'', ''new_events'').';
REVOKE ALL ON FUNCTION projection.fold_text(text, text) FROM public;
GRANT EXECUTE ON FUNCTION projection.fold_text(text, text) TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/fold_text.sql', '18f731dcd559687cb999842896a42ea2978284d7c160a47000929f6f6b564dab') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/folded_by.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.folded_by(p_read_table text, p_sources text[])
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT array_agg(a.attname::text ORDER BY a.attnum)
        FROM pg_attribute AS a
        WHERE a.attrelid = p_read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
            AND EXISTS (
                SELECT FROM projection.folds AS f
                JOIN pg_attribute AS c ON c.attrelid = f.fold::regclass AND c.attname = a.attname
                WHERE f.read_table = p_read_table AND f.source_table = ANY (p_sources)
            )
    );
END
$$;
COMMENT ON FUNCTION projection.folded_by(text, text[]) IS
'The columns of a read table that the folds of some sources give; the others keep their value, or get their default. Example: SELECT projection.folded_by(''public.user_activity_view'', ''{public.bets_view}'').';
REVOKE ALL ON FUNCTION projection.folded_by(text, text[]) FROM public;
GRANT EXECUTE ON FUNCTION projection.folded_by(text, text[]) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/folded_by.sql', '66b9386765c60214e1db9326ec0c126bb6c5a65b617fa26d62b1689d61722663') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/folded_columns.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.folded_columns(p_read_table text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(
        CASE
            WHEN a.atttypid = 'numeric'::regtype AND projection.is_summary(p_read_table)
                THEN format('trim_scale(f.%1$I) AS %1$I', a.attname)
            ELSE format('f.%1$I::%2$s AS %1$I', a.attname, format_type(a.atttypid, a.atttypmod))
        END, ', ' ORDER BY a.attnum)
    FROM pg_attribute AS a
    WHERE a.attrelid = p_read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'slot'
$$;
COMMENT ON FUNCTION projection.folded_columns(text) IS
'The columns of a fold (f) exactly as its read table keeps them. Example: SELECT projection.folded_columns(''public.bets_view'').';
REVOKE ALL ON FUNCTION projection.folded_columns(text) FROM public;
GRANT EXECUTE ON FUNCTION projection.folded_columns(text) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/folded_columns.sql', '51b86d073829588c3f97feccc95239596821db05d13066cf3046a94f4958879e') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/guard_event.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.guard_event()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Without the number of the shard: clients know the table.
    v_table text := TG_TABLE_SCHEMA || '.' || regexp_replace(TG_TABLE_NAME, '_[0-9]+$', '');
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% of % is refused: events are append-only', TG_OP, v_table
            USING ERRCODE = 'BL010', HINT = 'Insert an event that takes the effect back instead.';
    END IF;
    IF OLD.metadata ? 'idempotency_key'
        AND NEW IS NOT DISTINCT FROM jsonb_populate_record(OLD, jsonb_build_object('metadata', OLD.metadata - 'idempotency_key'))
    THEN
        -- Clocks of clients differ a little from ours: their "48 hours ago" may be some minutes early.
        IF OLD.created_at < now() - interval '47 hours 55 minutes' OR pg_has_role('betledger_operator', 'USAGE') THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'idempotency key % of event % has not expired: it was stored at %',
            OLD.metadata ->> 'idempotency_key', OLD.id, OLD.created_at
            USING ERRCODE = 'BL010', HINT = 'Take out keys that are older than 48 hours; an operator may take them out sooner.';
    END IF;
    RAISE EXCEPTION 'UPDATE of event % in % is refused: events are append-only', OLD.id, v_table
        USING ERRCODE = 'BL010', HINT = 'Only an idempotency key older than 48 hours may be taken out of metadata.';
END
$$;
COMMENT ON FUNCTION projection.guard_event() IS
'Trigger function of the event tables: refuses UPDATE, DELETE and TRUNCATE with BL010, except taking out an expired idempotency key (for operators: any key).';
REVOKE ALL ON FUNCTION projection.guard_event() FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/guard_event.sql', '6b71ba8f438eaabe61fcfc2091b88db8827235afa9d5ef9475daa22f24aec639') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/is_distributed.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.is_distributed(p_table text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_answer boolean := false;
BEGIN
    -- Dynamic: where Citus is not installed there is no such table.
    IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
        EXECUTE 'SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_partition AS d WHERE d.logicalrelid = $1::regclass AND d.partmethod = ''h'')'
        INTO v_answer USING p_table;
    END IF;
    RETURN v_answer;
END
$$;
COMMENT ON FUNCTION projection.is_distributed(text) IS
'Whether Citus spreads a table over shards; false on plain PostgreSQL. Example: SELECT projection.is_distributed(''public.bet_events'').';
REVOKE ALL ON FUNCTION projection.is_distributed(text) FROM public;
GRANT EXECUTE ON FUNCTION projection.is_distributed(text) TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/is_distributed.sql', 'fa56315eed0bdc662b3485effbd898c455b94d110711adc4adfe21d4c60cf6a6') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/is_summary.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.is_summary(p_read_table text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT EXISTS (
            SELECT FROM projection.folds AS f
            WHERE f.read_table = p_read_table
                AND f.source_table IN (SELECT p.read_table FROM projection.projections AS p)
        )
    );
END
$$;
COMMENT ON FUNCTION projection.is_summary(text) IS
'Whether a read table is folded from other read tables, not from events. Example: SELECT projection.is_summary(''public.user_activity_view'').';
REVOKE ALL ON FUNCTION projection.is_summary(text) FROM public;
GRANT EXECUTE ON FUNCTION projection.is_summary(text) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/is_summary.sql', '44475c5ca6967854c94ae1ff86526050666112ee404164fd081413a26edcd0e3') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/key_match.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.key_match(p_read_table text, p_left text, p_right text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT string_agg(format('%1$s.%3$I = %2$s.%3$I', p_left, p_right, k.name), ' AND ' ORDER BY k.n)
        FROM projection.projections AS p, unnest(p.key_columns) WITH ORDINALITY AS k (name, n)
        WHERE p.read_table = p_read_table
    );
END
$$;
COMMENT ON FUNCTION projection.key_match(text, text, text) IS
'The condition that two aliases have the same key of a read table. Example: SELECT projection.key_match(''public.bets_view'', ''t'', ''f'').';
REVOKE ALL ON FUNCTION projection.key_match(text, text, text) FROM public;
GRANT EXECUTE ON FUNCTION projection.key_match(text, text, text) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/key_match.sql', 'f33021dfc483ee95d5f0234b63d328a36b01df8047715800a444ba3788bc0d8e') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/keys_after.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.keys_after(
    p_read_table text, p_tenant_id bigint, p_after_tenant_id bigint, p_after_key text, p_limit integer,
    p_shard_id bigint,
    OUT tenant_ids bigint[], OUT keys text[]
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
AS $$
-- The SQL is made from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
BEGIN
    EXECUTE projection.localized((
        SELECT
            'SELECT array_agg(u.tenant_id ORDER BY u.tenant_id, u.key COLLATE "C"), array_agg(u.key ORDER BY u.tenant_id, u.key COLLATE "C")'
            || ' FROM (' || string_agg(format(
                '(SELECT DISTINCT e.tenant_id, %1$s AS key FROM %2$s AS e'
                || ' WHERE (e.tenant_id, %1$s) > ($2, $3) AND ($1 IS NULL OR e.tenant_id = $1) AND %1$s IS NOT NULL'
                || ' ORDER BY e.tenant_id, %1$s LIMIT $4)', s.key, s.source
            ), ' UNION ') || ' ORDER BY 1, 2 LIMIT $4) AS u'
        FROM (
            SELECT f.source_table AS source, f.key_expression AS key FROM projection.folds AS f WHERE f.read_table = p_read_table
            UNION ALL
            SELECT p.read_table, format('e.%I', p.key_columns[2]) FROM projection.projections AS p WHERE p.read_table = p_read_table
        ) AS s
    ), p_shard_id) INTO tenant_ids, keys USING p_tenant_id, p_after_tenant_id, p_after_key, p_limit;
END
$$;
COMMENT ON FUNCTION projection.keys_after(text, bigint, bigint, text, integer, bigint) IS
'The next keys that a read table has or should have, in order: those of its sources and its own; on Citus, of one shard. Example: SELECT * FROM projection.keys_after(''public.bets_view'', NULL, 0, '''', 10000, NULL).';
REVOKE ALL ON FUNCTION projection.keys_after(text, bigint, bigint, text, integer, bigint) FROM public;
GRANT EXECUTE ON FUNCTION projection.keys_after(text, bigint, bigint, text, integer, bigint) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/keys_after.sql', 'f76736d02eba831337e075f8a5bf94bb9bfad2d024ce6a37b367beb99a0649a0') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/ledger_tables.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.ledger_tables()
RETURNS TABLE (name text, holds_events boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT t.event_table, true FROM projection.event_types AS t
    UNION ALL
    SELECT p.read_table, false FROM projection.projections AS p
    ORDER BY 2 DESC, 1;
END
$$;
COMMENT ON FUNCTION projection.ledger_tables() IS
'The tables that hold the rows of tenants, with their schema: event tables first, then read tables. Example: SELECT * FROM projection.ledger_tables().';
REVOKE ALL ON FUNCTION projection.ledger_tables() FROM public;
GRANT EXECUTE ON FUNCTION projection.ledger_tables() TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/ledger_tables.sql', 'ff20bf7d5a50ea082c09d5f4d84f8768f7f6ccd4f9799084c8cb4cee889f3fc9') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/localized.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.localized(p_sql text, p_shard_id bigint)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    v_sql text := p_sql;
    v_table record;
BEGIN
    IF p_shard_id IS NULL THEN
        RETURN v_sql;
    END IF;
    -- Every table of the colocation group has one shard of the same range of hashes, on the same node.
    FOR v_table IN EXECUTE $text$
        SELECT n.nspname AS schema_name, c.relname AS table_name, s.shardid
        FROM pg_catalog.pg_dist_shard AS given
        JOIN pg_catalog.pg_dist_partition AS g ON g.logicalrelid = given.logicalrelid
        JOIN pg_catalog.pg_dist_partition AS d ON d.colocationid = g.colocationid
        JOIN pg_catalog.pg_dist_shard AS s ON s.logicalrelid = d.logicalrelid AND s.shardminvalue = given.shardminvalue
        JOIN pg_catalog.pg_class AS c ON c.oid = d.logicalrelid
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE given.shardid = $1
        $text$ USING p_shard_id
    LOOP
        -- Not where the name is a literal or a type.
        v_sql := regexp_replace(
            v_sql, format('(?<!'')\m%s\.%s\M(?!\[)', v_table.schema_name, v_table.table_name),
            format('%I.%I', v_table.schema_name, format('%s_%s', v_table.table_name, v_table.shardid)), 'g'
        );
        v_sql := regexp_replace(
            v_sql, format('\mprojection\.(refresh_%1$s|%1$s_inserted|%1$s_key_removed)\M', v_table.table_name),
            format('projection.\1_%s_%s', v_table.shardid, projection.compiled_version()), 'g'
        );
    END LOOP;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'shard % is unknown on this node', p_shard_id
            USING ERRCODE = 'BL001', HINT = 'Give the id of a shard of an event table: see pg_dist_shard.';
    END IF;
    RETURN v_sql;
END
$body$;
COMMENT ON FUNCTION projection.localized(text, bigint) IS
'An SQL text of ours for one shard of a Citus cluster: with the names of the co-located shards and of the functions that are compiled for them, in place of the tables and functions. Unchanged when the shard is null, as on plain PostgreSQL. Error: BL001 unknown shard. Example: SELECT projection.localized(''SELECT * FROM public.bets_view'', NULL).';
REVOKE ALL ON FUNCTION projection.localized(text, bigint) FROM public;
GRANT EXECUTE ON FUNCTION projection.localized(text, bigint) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/localized.sql', '903c1ed5177f5e044cf4cfcb2c5d9e8e03de87ea643af23a2685434d623b2cfd') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/make_shard_functions.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.make_shard_functions(p_shard_id bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_made text;
    v_old regprocedure;
BEGIN
    v_made := projection.localized('projection.bet_events_inserted', p_shard_id);
    -- One maker for a shard and those beside it. Not one a node: a statement on several shards has a session for each,
    -- and ends when all are done.
    PERFORM pg_advisory_xact_lock(hashtextextended(v_made, 0));
    IF to_regproc(v_made) IS NOT NULL THEN
        RETURN;
    END IF;
    -- What is made here belongs to this node alone.
    PERFORM set_config('citus.enable_ddl_propagation', 'off', true);
    PERFORM projection.compile_refresh(p.read_table, p_shard_id) FROM projection.projections AS p WHERE p.kind <> 'slots';
    PERFORM projection.compile_event_table(t.event_table, p_shard_id)
    FROM (SELECT DISTINCT e.event_table FROM projection.event_types AS e) AS t;
    -- Those of the version before.
    FOR v_old IN
        SELECT p.oid
        FROM (
            SELECT DISTINCT e.event_table AS name FROM projection.event_types AS e
            UNION ALL SELECT r.read_table FROM projection.projections AS r
        ) AS t
        JOIN pg_proc AS p ON p.proname ~ (substring(projection.localized(t.name, p_shard_id) FROM '_[0-9]+$') || '_[0-9a-f]{8}$')
        WHERE p.pronamespace = 'projection'::regnamespace AND p.proname NOT LIKE '%\_' || projection.compiled_version()
    LOOP
        EXECUTE format('DROP FUNCTION %s', v_old);
    END LOOP;
    PERFORM set_config('citus.enable_ddl_propagation', 'on', true);
END
$$;
COMMENT ON FUNCTION projection.make_shard_functions(bigint) IS
'On the Citus node that holds a shard: makes the projection functions of it and of the shards beside it, from the same texts as on plain PostgreSQL, and drops those of an older version. Called by projection.compile_shard().';
REVOKE ALL ON FUNCTION projection.make_shard_functions(bigint) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/make_shard_functions.sql', 'a90fadc2a5f15486523be833173ac15ff09715e20466fd338efa1659c952880b') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/oldest_key_age.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.oldest_key_age(p_event_table text)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_hours integer;
BEGIN
    EXECUTE format(
        'SELECT extract(epoch FROM now() - min(e.created_at))::bigint / 3600 FROM %s AS e WHERE e.metadata ->> ''idempotency_key'' IS NOT NULL',
        p_event_table::regclass
    ) INTO v_hours;
    RETURN v_hours;
END
$$;
COMMENT ON FUNCTION projection.oldest_key_age(text) IS
'The age, in hours, of the oldest idempotency key of an event table; NULL without a key. Example: SELECT projection.oldest_key_age(''public.bet_events'').';
REVOKE ALL ON FUNCTION projection.oldest_key_age(text) FROM public;
GRANT EXECUTE ON FUNCTION projection.oldest_key_age(text) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/oldest_key_age.sql', 'ef9cc063d5dcb72f1d928ff51f31a73d907a4bdb191778cff3c0f2ef0383f3a9') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/on_shards.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.on_shards(p_command text, p_tenant_id bigint)
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_anchor text := (SELECT min(t.event_table) FROM projection.event_types AS t);
    v_shard_id bigint;
    v_success boolean;
    v_result text;
BEGIN
    -- Citus puts the name of each shard for %s, and runs the command on all of them at the same time.
    FOR v_shard_id, v_success, v_result IN EXECUTE format(
        'SELECT r.shardid, r.success, r.result FROM pg_catalog.run_command_on_shards(%L, %L) AS r%s', v_anchor,
        replace(p_command, '<shard_id>', '(substring(''%s'' FROM ''_([0-9]+)$''))::bigint'),
        CASE WHEN p_tenant_id IS NOT NULL THEN format(
            ' WHERE r.shardid = pg_catalog.get_shard_id_for_distribution_column(%L, %L::bigint)', v_anchor, p_tenant_id
        ) END
    ) LOOP
        IF NOT v_success THEN
            RAISE EXCEPTION 'shard % failed: %', v_shard_id, split_part(v_result, E'\n', 1)
                USING ERRCODE = 'BL032', HINT = 'Mend what it says (betledger doctor finds workers that are down), and run the same command again.';
        END IF;
        RETURN NEXT v_result;
    END LOOP;
END
$$;
COMMENT ON FUNCTION projection.on_shards(text, bigint) IS
'Runs a command on the node of every shard of a Citus cluster (with a tenant, the answer of its shard counts), with the id of the shard for <shard_id>, and gives the answers. Error: BL032 a shard failed. Example: SELECT * FROM projection.on_shards(''SELECT <shard_id>'', NULL).';
REVOKE ALL ON FUNCTION projection.on_shards(text, bigint) FROM public;
GRANT EXECUTE ON FUNCTION projection.on_shards(text, bigint) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/on_shards.sql', '7202ee8d6f7e067869424bb3ad3ddf479113e39f18f35e744a7e9be8b4437576') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/payload_check.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.payload_check(p_event_table text, p_event_type text, p_row text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(
            (
                SELECT string_agg(
                    format(
                        CASE WHEN f.required THEN '(%1$s)' ELSE '(coalesce(jsonb_typeof(%2$s), ''null'') = ''null'' OR %1$s)' END,
                        projection.field_check(f.kind, f.json, f.text), f.json
                    ), E'\n            AND ' ORDER BY f.required DESC, f.name
                )
                FROM (
                    SELECT
                        k.key AS name, k.value AS kind, k.required,
                        format('(%s.event_data -> %L)', p_row, k.key) AS json, format('(%s.event_data ->> %L)', p_row, k.key) AS text
                    FROM (
                        SELECT r.key, r.value, true AS required FROM jsonb_each_text(t.required_fields) AS r
                        UNION ALL
                        SELECT o.key, o.value, false FROM jsonb_each_text(t.optional_fields) AS o
                    ) AS k
                ) AS f
            ), 'true'
        )
        FROM projection.event_types AS t
        WHERE t.event_table = p_event_table AND t.event_type = p_event_type
    );
END
$$;
COMMENT ON FUNCTION projection.payload_check(text, text, text) IS
'The SQL condition that the payload of an event of a type has to meet, for the alias of its row, made from projection.event_types. Example: SELECT projection.payload_check(''public.bet_events'', ''V1_BETS_BET_PLACED'', ''e'').';
REVOKE ALL ON FUNCTION projection.payload_check(text, text, text) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/payload_check.sql', '5e1e9823378be0bc6181484c80ec5d60ff45e0ef740bd47abb2532bdcad55591') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/payment_event_of_request.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.payment_event_of_request(
    p_tenant_id bigint, p_id uuid, p_key text, OUT aggregate_id text, OUT event_type text, OUT event_data jsonb
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- By the id that a function makes from the key; else by the key, which a client may have inserted itself.
    SELECT e.aggregate_id, e.event_type, e.event_data INTO aggregate_id, event_type, event_data
    FROM public.payment_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.id = p_id
    UNION ALL
    SELECT e.aggregate_id, e.event_type, e.event_data
    FROM public.payment_events AS e
    WHERE e.tenant_id = p_tenant_id AND e.metadata ->> 'idempotency_key' = p_key
    LIMIT 1;
END
$$;
COMMENT ON FUNCTION projection.payment_event_of_request(bigint, uuid, text) IS
'The event that was stored for an earlier request with the same idempotency key; nulls when there is none.';
REVOKE ALL ON FUNCTION projection.payment_event_of_request(bigint, uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION projection.payment_event_of_request(bigint, uuid, text) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/payment_event_of_request.sql', 'b71420ef184a1ce14455b337b160cb4c04e8380222f7ca6c948e25331f1581d0') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/payments_fold.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
-- requires: functions/projection/event_rank.sql
SET LOCAL ROLE betledger_owner;
-- See projection.bets_fold for why max() over arrays.
CREATE OR REPLACE VIEW projection.payments_fold WITH (security_invoker = true) AS
SELECT
    f.tenant_id,
    f.payment_id,
    f.created[2] AS user_id,
    f.last_event[2] AS type,
    f.created[3]::numeric AS amount,
    f.last_event[3] AS status,
    f.created[4] AS idempotency_key,
    to_timestamp(f.first_ms / 1000.0::double precision) AS created_at,
    to_timestamp(f.last_ms / 1000.0::double precision) AS last_updated_at
FROM (
    SELECT
        p.tenant_id,
        p.aggregate_id AS payment_id,
        min(p."timestamp") AS first_ms,
        max(p."timestamp") AS last_ms,
        max(ARRAY[p.position, p.type, p.status]) AS last_event,
        max(ARRAY[
            p.position,
            p.event_data ->> 'user_id',
            p.event_data ->> 'amount',
            p.metadata ->> 'idempotency_key'
        ]) FILTER (WHERE p.status = 'created') AS created
    FROM (
        SELECT
            e.tenant_id,
            e.aggregate_id,
            e."timestamp",
            e.event_data,
            e.metadata,
            lower(split_part(e.event_type, '_', 3)) AS type,
            lower(split_part(e.event_type, '_', 4)) AS status,
            (
                lpad(e."timestamp"::text, 13, '0')
                || projection.event_rank(e.event_type)
                || e.id::text
            ) COLLATE "C" AS position
        FROM public.payment_events AS e
    ) AS p
    GROUP BY p.tenant_id, p.aggregate_id
) AS f;
COMMENT ON VIEW projection.payments_fold IS
'The fold of public.payment_events into public.payments_view. Events of one payment fold in order of time, then created before completed or failed, then id.';
REVOKE ALL ON projection.payments_fold FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/payments_fold.sql', 'cb32c422b98054e86ca9f70c25d691c10b706697096ad78039db164a199c1ef2') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/read_table.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.read_table(p_name text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_read_table text;
BEGIN
    SELECT p.read_table INTO v_read_table
    FROM projection.projections AS p
    WHERE p_name IN (p.read_table, split_part(p.read_table, '.', 2))
        OR p.kind = 'slots' AND p_name IN ('tenants_summary_view', 'public.tenants_summary_view');
    IF v_read_table IS NULL THEN
        RAISE EXCEPTION 'projection % is unknown', coalesce(quote_literal(p_name), 'null')
            USING ERRCODE = 'BL001', HINT = (
                SELECT 'Known: ' || string_agg(p.read_table, ', ' ORDER BY p.position) || '.' FROM projection.projections AS p
            );
    END IF;
    RETURN v_read_table;
END
$$;
COMMENT ON FUNCTION projection.read_table(text) IS
'The read table that a name means, with its schema. Error: BL001 unknown projection. Example: SELECT projection.read_table(''bets_view'').';
REVOKE ALL ON FUNCTION projection.read_table(text) FROM public;
GRANT EXECUTE ON FUNCTION projection.read_table(text) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/read_table.sql', 'd064a59fe9c63b93a7d9ff9077445e8056f31b35fd3dc55710a9d1396d97c2f2') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/refuse_argument.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.refuse_argument(p_name text, p_value text, p_hint text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% is %', p_name, coalesce(p_value, 'null') USING ERRCODE = 'BL001', HINT = p_hint;
END
$$;
COMMENT ON FUNCTION projection.refuse_argument(text, text, text) IS
'Raises BL001 for an argument of a function: its name, its value, and what to send instead.';
REVOKE ALL ON FUNCTION projection.refuse_argument(text, text, text) FROM public;
GRANT EXECUTE ON FUNCTION projection.refuse_argument(text, text, text)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/refuse_argument.sql', 'ea2ac3c05aa6c53f515738d1d9e2b7eea7e4624894fb520ccb4fd77e3538d247') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/refuse_event.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.refuse_event(
    p_event_table text, p_tenant_id bigint, p_aggregate_id text, p_event_type text, p_event_data jsonb,
    p_timestamp bigint, p_version integer, p_metadata jsonb, p_id uuid, p_created_at timestamptz
)
RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is that of projection.field_check().
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_type projection.event_types%ROWTYPE;
    v_field record;
    v_fine boolean;
    v_problem text;
    v_hint text;
    v_key jsonb := p_metadata -> 'idempotency_key';
BEGIN
    SELECT t.* INTO v_type FROM projection.event_types AS t
    WHERE t.event_table = p_event_table AND t.event_type = p_event_type;

    IF p_tenant_id IS NULL OR p_tenant_id <= 0 THEN
        v_problem := format('tenant_id is %s', coalesce(p_tenant_id::text, 'null'));
        v_hint := 'Send the id of the tenant, a whole number above 0.';
    ELSIF p_id IS NULL THEN
        v_problem := 'id is null';
        v_hint := 'Send a new UUID for each event.';
    ELSIF p_aggregate_id IS NULL OR length(p_aggregate_id) NOT BETWEEN 1 AND 256 THEN
        v_problem := format(
            'aggregate_id is %s',
            coalesce(quote_literal(left(p_aggregate_id, 20)) || format(' (%s characters)', length(p_aggregate_id)), 'null')
        );
        v_hint := 'Send 1 to 256 characters.';
    ELSIF v_type.event_type IS NULL THEN
        v_problem := format('event_type is %s', coalesce(quote_literal(left(p_event_type, 100)), 'null'));
        v_hint := (
            SELECT 'Known types of this table: ' || string_agg(t.event_type, ', ' ORDER BY t.event_type) || '.'
            FROM projection.event_types AS t WHERE t.event_table = p_event_table
        );
    ELSIF p_timestamp IS NULL OR p_timestamp NOT BETWEEN 1 AND 4102444799999 THEN
        v_problem := format('timestamp is %s', coalesce(p_timestamp::text, 'null'));
        v_hint := 'Send milliseconds since 1970-01-01 UTC, above 0 and before the year 2100.';
    ELSIF p_version IS DISTINCT FROM 1 THEN
        v_problem := format('version is %s', coalesce(p_version::text, 'null'));
        v_hint := 'Send 1: it is the version of the format of the event.';
    ELSIF jsonb_typeof(p_event_data) IS DISTINCT FROM 'object' THEN
        v_problem := format('event_data is %s', coalesce('a JSON ' || jsonb_typeof(p_event_data), 'null'));
        v_hint := 'Send a JSON object.';
    ELSIF pg_column_size(p_event_data) > 65536 OR pg_column_size(p_metadata) > 65536 THEN
        v_problem := format(
            'event_data has %s and metadata %s bytes', pg_column_size(p_event_data), coalesce(pg_column_size(p_metadata), 0)
        );
        v_hint := 'Send at most 65536 bytes in each.';
    ELSIF jsonb_typeof(p_metadata) <> 'object' THEN
        v_problem := format('metadata is a JSON %s', jsonb_typeof(p_metadata));
        v_hint := 'Send a JSON object or null.';
    ELSIF v_key IS NOT NULL AND (jsonb_typeof(v_key) <> 'string' OR length(v_key #>> '{}') NOT BETWEEN 1 AND 200) THEN
        v_problem := format('metadata.idempotency_key is %s', left(v_key::text, 100));
        v_hint := 'Send a string of 1 to 200 characters, or leave it out.';
    ELSIF p_created_at IS NULL OR NOT isfinite(p_created_at) THEN
        v_problem := format('created_at is %s', coalesce(p_created_at::text, 'null'));
        v_hint := 'Leave created_at out, or send a time.';
    ELSE
        FOR v_field IN
            SELECT f.key AS name, f.value AS kind, p_event_data -> f.key AS json, f.required
            FROM (
                SELECT r.key, r.value, true AS required FROM jsonb_each_text(v_type.required_fields) AS r
                UNION ALL
                SELECT o.key, o.value, false FROM jsonb_each_text(v_type.optional_fields) AS o
            ) AS f
            ORDER BY f.required DESC, f.key
        LOOP
            CONTINUE WHEN NOT v_field.required AND coalesce(jsonb_typeof(v_field.json), 'null') = 'null';
            EXECUTE 'SELECT ' || projection.field_check(v_field.kind, '$1', '($1 #>> ''{}'')') INTO v_fine USING v_field.json;
            IF v_fine IS NOT TRUE THEN
                v_problem := format('event_data.%s is %s', v_field.name, coalesce(left(v_field.json::text, 100), 'missing'));
                v_hint := CASE v_field.kind
                    WHEN 'identifier' THEN 'Send a string of 1 to 200 characters.'
                    WHEN 'text' THEN 'Send a string of up to 1000 characters, or leave it out.'
                    WHEN 'result' THEN 'Send win, loss or void.'
                    WHEN 'flag' THEN 'Send true or false, or leave it out.'
                    WHEN 'amount' THEN 'Send a number above 0 with up to 20 digits before and 18 after the point.'
                    WHEN 'payout' THEN 'Send a number, 0 or more, with up to 20 digits before and 18 after the point.'
                    WHEN 'odds' THEN 'Send a number, 1 or more, with up to 20 digits before and 18 after the point.'
                END;
                EXIT;
            END IF;
        END LOOP;
    END IF;

    RAISE EXCEPTION '%: %', coalesce(v_type.event_type, 'event in ' || p_event_table), coalesce(v_problem, 'is not valid')
        USING ERRCODE = 'BL001', HINT = v_hint;
END
$$;
COMMENT ON FUNCTION projection.refuse_event(text, bigint, text, text, jsonb, bigint, integer, jsonb, uuid, timestamptz) IS
'Raises BL001 with the field of an event that is wrong, its value and what to send instead. Called by the check of an event table once it has failed.';
REVOKE ALL ON FUNCTION projection.refuse_event(text, bigint, text, text, jsonb, bigint, integer, jsonb, uuid, timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION projection.refuse_event(text, bigint, text, text, jsonb, bigint, integer, jsonb, uuid, timestamptz)
TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/refuse_event.sql', '1ba04be4089ea4679da123c8a41aad03eeee5e0d76ce11dd89e1f8ba3a715b0e') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/refuse_malformed.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.refuse_malformed()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.refuse_event(
        TG_ARGV[0], NEW.tenant_id, NEW.aggregate_id, NEW.event_type, NEW.event_data,
        NEW."timestamp", NEW.version, NEW.metadata, NEW.id, NEW.created_at
    );
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION projection.refuse_malformed() IS
'Trigger function of the event tables, for rows that PostgreSQL itself would refuse with an error that names no remedy: null columns, and text too long for an index. Argument: the event table. Always raises BL001.';
REVOKE ALL ON FUNCTION projection.refuse_malformed() FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/refuse_malformed.sql', '03da9ac763435e58ce8de2f8e1cfc51eb5f7a61e203fe87e8bd42c3624e5eee2') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/repair_slots.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.repair_slots(p_read_table text, p_tenant_id bigint, p_shard_id bigint)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_columns text[];
    v_folded text := projection.union_of_folds(
        p_read_table,
        (
            SELECT jsonb_object_agg(f.source_table, jsonb_build_object('+', format(
                '(SELECT s.* FROM %s AS s WHERE $1 IS NULL OR s.tenant_id = $1)', f.source_table
            )))
            FROM projection.folds AS f WHERE f.read_table = p_read_table
        )
    );
    v_orphans bigint[];
    v_repaired bigint;
BEGIN
    SELECT array_agg(a.attname::text ORDER BY a.attnum) INTO v_columns
    FROM pg_attribute AS a
    JOIN projection.projections AS p ON p.read_table = p_read_table AND p.kind = 'slots'
    WHERE a.attrelid = p_read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (p.key_columns);

    -- Tenants that have slots and nothing to count. Locked first, looked at again in a later statement: a writer that
    -- counts something meanwhile waits for us, and then makes its slot anew.
    EXECUTE projection.localized(format(
        'SELECT array_agg(o.tenant_id) FROM (SELECT t.tenant_id FROM %1$s AS t WHERE ($1 IS NULL OR t.tenant_id = $1)'
        || ' AND t.tenant_id NOT IN (SELECT f.tenant_id FROM (%2$s) AS f) ORDER BY t.tenant_id, t.slot FOR UPDATE) AS o',
        p_read_table, v_folded
    ), p_shard_id) INTO v_orphans USING p_tenant_id;
    EXECUTE projection.localized(format(
        'WITH gone AS (DELETE FROM %1$s AS t WHERE t.tenant_id = ANY ($2)'
        || ' AND t.tenant_id NOT IN (SELECT f.tenant_id FROM (%2$s) AS f) RETURNING t.tenant_id)'
        || ' SELECT count(DISTINCT g.tenant_id) FROM gone AS g',
        p_read_table, v_folded
    ), p_shard_id) INTO v_repaired USING p_tenant_id, v_orphans;

    -- Writers change the sources and the slots in one transaction: in one snapshot the difference between them is
    -- what is wrong, whoever else is writing. So it can be added without stopping anybody.
    EXECUTE projection.localized(format(
        'WITH added AS (INSERT INTO %1$s AS t (tenant_id, slot, %2$s) SELECT d.tenant_id, 0, %3$s FROM ('
        || 'SELECT u.tenant_id, bool_or(u.kept) AS kept, %4$s FROM ('
        || 'SELECT f.tenant_id, false AS kept, %5$s FROM (%6$s) AS f'
        || ' UNION ALL SELECT s.tenant_id, true, %7$s FROM %1$s AS s WHERE $1 IS NULL OR s.tenant_id = $1'
        || ') AS u GROUP BY u.tenant_id'
        || ') AS d WHERE NOT d.kept OR %8$s ORDER BY d.tenant_id ON CONFLICT (tenant_id, slot) DO UPDATE SET %9$s'
        || ' RETURNING t.tenant_id) SELECT $2 + count(*) FROM added',
        p_read_table,
        (SELECT string_agg(format('%I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('d.%I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('sum(u.%1$I) AS %1$I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('f.%I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        v_folded,
        (SELECT string_agg(format('-s.%I', c.name), ', ' ORDER BY c.n) FROM unnest(v_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('d.%I <> 0', c.name), ' OR ') FROM unnest(v_columns) AS c (name)),
        projection.added_columns(p_read_table, v_columns, 'excluded')
    ), p_shard_id) INTO v_repaired USING p_tenant_id, v_repaired;
    RETURN v_repaired;
END
$$;
COMMENT ON FUNCTION projection.repair_slots(text, bigint, bigint) IS
'Adds to a read table of kind slots what it lacks of the fold of its sources, beside running writers; gives the number of tenants repaired. Example: SELECT projection.repair_slots(''projection.tenant_totals'', NULL, NULL).';
REVOKE ALL ON FUNCTION projection.repair_slots(text, bigint, bigint) FROM public;
GRANT EXECUTE ON FUNCTION projection.repair_slots(text, bigint, bigint) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/repair_slots.sql', 'c8104ed7844ddaab21a77e4caa31296271f44a367a39fd1a2966f623199fb2d8') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/require_same_request.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.require_same_request(
    p_key text, p_stored_type text, p_sent_type text, p_stored jsonb, p_sent jsonb
)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_argument record;
BEGIN
    IF p_stored_type IS NULL THEN
        RAISE EXCEPTION 'idempotency key % was used by another transaction at the same moment', quote_literal(p_key)
            USING ERRCODE = 'serialization_failure', HINT = 'Call again in a new transaction.';
    END IF;
    IF p_stored_type <> p_sent_type THEN
        RAISE EXCEPTION 'idempotency key % was used for %, not for %', quote_literal(p_key), p_stored_type, p_sent_type
            USING ERRCODE = 'BL005', HINT = 'Send a new key with each new operation.';
    END IF;
    FOR v_argument IN
        SELECT s.key AS name, s.value AS sent, coalesce(p_stored -> s.key, 'null') AS stored FROM jsonb_each(p_sent) AS s ORDER BY s.key
    LOOP
        -- 1 is 1.0, and the string "1" that a client may have inserted is 1, too.
        CONTINUE WHEN v_argument.sent = v_argument.stored
            OR jsonb_typeof(v_argument.sent) = 'number' AND jsonb_typeof(v_argument.stored) = 'string'
            AND CASE WHEN v_argument.stored #>> '{}' ~ '^[0-9]+(\.[0-9]+)?$'
                THEN (v_argument.stored #>> '{}')::numeric = (v_argument.sent #>> '{}')::numeric ELSE false END;
        RAISE EXCEPTION 'idempotency key % was used with % %, now it is %',
            quote_literal(p_key), v_argument.name, v_argument.stored, v_argument.sent
            USING ERRCODE = 'BL005', HINT = 'Repeat a call with the same arguments, or send a new key.';
    END LOOP;
END
$$;
COMMENT ON FUNCTION projection.require_same_request(text, text, text, jsonb, jsonb) IS
'Raises BL005 when a call repeats an idempotency key with another operation or other arguments; names the argument. Numbers are compared by value.';
REVOKE ALL ON FUNCTION projection.require_same_request(text, text, text, jsonb, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION projection.require_same_request(text, text, text, jsonb, jsonb) TO betledger_app, betledger_tenant;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/require_same_request.sql', '6957865275d685612c862202dc6f875c2c5147d5915ec7b69566e1be0cfd255f') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/require_tenant.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.require_tenant(p_tenant_id bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_setting text := current_setting('app.tenant_id', true);
BEGIN
    IF p_tenant_id IS NULL OR p_tenant_id <= 0 THEN
        PERFORM projection.refuse_argument('tenant_id', p_tenant_id::text, 'Send the id of the tenant, a whole number above 0.');
    END IF;
    -- The policies are the wall; this only puts the refusal into words.
    IF v_setting IS DISTINCT FROM p_tenant_id::text
        AND pg_has_role('betledger_tenant', 'USAGE') AND NOT pg_has_role('betledger_app', 'USAGE')
    THEN
        RAISE EXCEPTION 'tenant % is not open to role %: app.tenant_id is %',
            p_tenant_id, current_user, coalesce(quote_literal(nullif(v_setting, '')), 'not set')
            USING ERRCODE = 'BL006', HINT = format('Run SET LOCAL app.tenant_id = ''%s'' in the transaction.', p_tenant_id);
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION projection.require_tenant(bigint) IS
'Raises BL001 for a tenant that is not above 0 and BL006 for one that is not app.tenant_id, when the caller is walled in by betledger_tenant; true otherwise, so that it fits into a policy. Example: SELECT projection.require_tenant(10001).';
REVOKE ALL ON FUNCTION projection.require_tenant(bigint) FROM public;
GRANT EXECUTE ON FUNCTION projection.require_tenant(bigint) TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/require_tenant.sql', '843f492c4a5c01bb45c893c8e9082c957b19e79892f17224422983b6c8f12f7e') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/shard_trigger_body.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.shard_trigger_body(p_event_table text, p_suffix text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format(
        $text$
DECLARE
    v_shard_id bigint := substring(TG_TABLE_NAME FROM '_([0-9]+)$');
    v_function text;
    v_events %1$s[];
BEGIN
    v_function := format('%%s_%%s_%%s', %2$L, v_shard_id, projection.compiled_version());
    -- A shard that was split off or moved here, or a new version.
    IF to_regproc('projection.' || v_function) IS NULL THEN
        PERFORM projection.compile_shard(v_shard_id);
    END IF;
    SELECT array_agg(ROW(%3$s)::%1$s) INTO v_events FROM (SELECT n.* FROM new_events AS n LIMIT 10001) AS e;
    IF cardinality(v_events) <= 10000 THEN
        EXECUTE format('SELECT projection.%%I($1)', v_function) USING v_events;
        RETURN NULL;
    END IF;
    -- In parts: an array cannot grow without end. Sorted, so that two loads lock in one order.
    FOR v_events IN
        SELECT array_agg(ROW(%3$s)::%1$s)
        FROM (SELECT n.*, (row_number() OVER (ORDER BY n.tenant_id, n.aggregate_id) - 1) / 10000 AS part FROM new_events AS n) AS e
        GROUP BY e.part ORDER BY e.part
    LOOP
        EXECUTE format('SELECT projection.%%I($1)', v_function) USING v_events;
    END LOOP;
    RETURN NULL;
END
        $text$,
        p_event_table, split_part(p_event_table, '.', 2) || p_suffix, projection.columns(p_event_table, 'e.%1$I')
    )
$$;
COMMENT ON FUNCTION projection.shard_trigger_body(text, text) IS
'The body of a trigger function of an event table that Citus distributes: it hands the new rows of a shard to the function that is compiled for this shard. A statement cannot read the rows of a trigger and a distributed table at once.';
REVOKE ALL ON FUNCTION projection.shard_trigger_body(text, text) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/shard_trigger_body.sql', 'b4e2720677d56b6cffbfcae203350539a41e175611197fd1618ce170c4b8d9d2') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/summary_changes.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.summary_changes(
    p_read_table text, p_before text, p_after text, OUT ctes text, OUT stale text[]
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_summary projection.projections%ROWTYPE;
    v_name text;
    v_bounds text[];
    v_columns text[];
    -- What changes in this statement, by table: rows that count (+) and rows that counted until now (-).
    v_changes jsonb := jsonb_build_object(p_read_table, jsonb_strip_nulls(jsonb_build_object('+', p_after, '-', p_before)));
    v_slot_base integer := (SELECT p.position * 100 FROM projection.projections AS p WHERE p.read_table = p_read_table);
BEGIN
    ctes := '';
    stale := '{}';
    FOR v_summary IN
        SELECT p.* FROM projection.projections AS p WHERE p.read_table <> p_read_table ORDER BY p.position
    LOOP
        CONTINUE WHEN NOT EXISTS (
            SELECT FROM projection.folds AS f
            WHERE f.read_table = v_summary.read_table AND v_changes ? f.source_table
        );
        v_name := split_part(v_summary.read_table, '.', 2);
        v_bounds := v_summary.lowest_columns || v_summary.highest_columns;
        v_columns := projection.folded_by(v_summary.read_table, ARRAY(SELECT jsonb_object_keys(v_changes)));

        IF p_before IS NULL OR cardinality(v_bounds) = 0 THEN
            ctes := ctes || format(E',\n%I AS (%s)', v_name || '_change', projection.union_of_folds(v_summary.read_table, v_changes));
        ELSE
            -- A sum can be taken back, a lowest or highest value cannot: such rows are folded anew, once all are locked.
            ctes := ctes || format(
                E',\n%1$I AS (%4$s),\n%2$I AS (%5$s),\n%3$I AS (SELECT %6$s FROM %2$I AS a FULL JOIN %1$I AS b ON %7$s)'
                || E',\n%8$I AS (SELECT b.* FROM %1$I AS b LEFT JOIN %2$I AS a ON %7$s WHERE a.tenant_id IS NULL%9$s)',
                v_name || '_before', v_name || '_after', v_name || '_change',
                projection.union_of_folds(
                    v_summary.read_table, jsonb_build_object(p_read_table, jsonb_build_object('+', p_before))
                ),
                projection.union_of_folds(
                    v_summary.read_table, jsonb_build_object(p_read_table, jsonb_build_object('+', p_after))
                ),
                (SELECT string_agg(
                    CASE
                        WHEN a.attname = ANY (v_summary.key_columns) THEN format('coalesce(a.%1$I, b.%1$I) AS %1$I', a.attname)
                        WHEN a.attname = ANY (v_summary.lowest_columns) THEN format('least(a.%1$I, b.%1$I) AS %1$I', a.attname)
                        WHEN a.attname = ANY (v_summary.highest_columns) THEN format('greatest(a.%1$I, b.%1$I) AS %1$I', a.attname)
                        ELSE format('coalesce(a.%1$I, 0) - coalesce(b.%1$I, 0) AS %1$I', a.attname)
                    END, ', ' ORDER BY a.attnum)
                FROM pg_attribute AS a
                WHERE a.attrelid = v_summary.read_table::regclass AND a.attname = ANY (v_columns)),
                projection.key_match(v_summary.read_table, 'a', 'b'),
                v_name || '_stale',
                (SELECT string_agg(format(' OR a.%1$I > b.%1$I', c.name), '') FROM unnest(v_summary.lowest_columns) AS c (name))
                || (SELECT string_agg(format(' OR a.%1$I < b.%1$I', c.name), '') FROM unnest(v_summary.highest_columns) AS c (name))
            );
            stale := stale || v_summary.read_table;
        END IF;

        ctes := ctes || format(
            E',\n%I AS (INSERT INTO %s AS t (%s) SELECT %s FROM %I AS c ORDER BY %s'
            || ' ON CONFLICT (%s) DO UPDATE SET %s RETURNING t.*, t.xmax = 0 AS is_new)',
            v_name || '_changed', v_summary.read_table,
            array_to_string(v_columns, ', ') || CASE v_summary.kind WHEN 'slots' THEN ', slot' ELSE '' END,
            (SELECT string_agg(
                CASE a.atttypid WHEN 'numeric'::regtype THEN format('trim_scale(c.%I)', a.attname) ELSE format('c.%I', a.attname) END,
                ', ' ORDER BY a.attnum)
            FROM pg_attribute AS a
            WHERE a.attrelid = v_summary.read_table::regclass AND a.attname = ANY (v_columns))
            || CASE v_summary.kind WHEN 'slots' THEN format(', %s + pg_backend_pid() %% 32', v_slot_base) ELSE '' END,
            v_name || '_change',
            'c.tenant_id' || CASE v_summary.kind WHEN 'slots' THEN '' ELSE format(', c.%I COLLATE "C"', v_summary.key_columns[2]) END,
            (SELECT string_agg(format('%I', k.name), ', ') FROM unnest(v_summary.key_columns) AS k (name)),
            projection.added_columns(v_summary.read_table, v_columns, 'excluded')
        );
        v_changes := v_changes || jsonb_build_object(
            v_summary.read_table, jsonb_build_object('+', format('(SELECT n.* FROM %I AS n WHERE n.is_new)', v_name || '_changed'))
        );
    END LOOP;
END
$$;
COMMENT ON FUNCTION projection.summary_changes(text, text, text) IS
'The common table expressions that carry a change of a read table on to all summaries above it: given the names of two expressions that hold its rows before (null when all are new) and after. Also gives the summaries for which an expression <name>_stale lists the rows to fold anew.';
REVOKE ALL ON FUNCTION projection.summary_changes(text, text, text) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/summary_changes.sql', '1504e44b4ac480be0b3842e8fce15fc9f9023eb75e11953bb7002ce3ec5f4355') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/summary_changes_of_one.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.summary_changes_of_one(p_changes jsonb, p_after_position integer)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_summary projection.projections%ROWTYPE;
    v_columns text[];
    v_parts text[];
    v_change text;
    v_rest text;
BEGIN
    SELECT p.* INTO v_summary
    FROM projection.projections AS p
    WHERE p.position > p_after_position AND NOT p_changes ? p.read_table
        AND EXISTS (SELECT FROM projection.folds AS f WHERE f.read_table = p.read_table AND p_changes ? f.source_table)
    ORDER BY p.position LIMIT 1;
    IF NOT FOUND THEN
        RETURN '';
    END IF;
    v_columns := projection.folded_by(v_summary.read_table, ARRAY(SELECT jsonb_object_keys(p_changes)));

    -- One row from each fold, side by side: f1 is there for sure, the others may have nothing to say.
    SELECT array_agg(
        format('(%s)', projection.fold_of_one(projection.fold_text(f.fold, p_changes ->> f.source_table)))
        ORDER BY p.position, f.fold
    ) INTO v_parts
    FROM projection.folds AS f
    JOIN projection.projections AS p ON p.read_table = f.source_table
    WHERE f.read_table = v_summary.read_table AND p_changes ? f.source_table;
    SELECT format(
        'SELECT %s FROM %s',
        string_agg(c.expression, ', ' ORDER BY c.n),
        (SELECT string_agg(format('%s%s AS f%s%s', CASE WHEN u.n > 1 THEN 'LEFT JOIN ' END, u.part, u.n, CASE WHEN u.n > 1 THEN ' ON true' END), ' ' ORDER BY u.n)
        FROM unnest(v_parts) WITH ORDINALITY AS u (part, n))
    ) INTO v_change
    FROM (
        SELECT a.n, CASE
            WHEN a.name = ANY (v_summary.key_columns || v_summary.lowest_columns || v_summary.highest_columns) THEN format('f1.%I', a.name)
            ELSE format(CASE (t.atttypid) WHEN 'numeric'::regtype THEN 'trim_scale(%s) AS %I' ELSE '%s AS %I' END, s.terms, a.name)
        END AS expression
        FROM unnest(v_columns) WITH ORDINALITY AS a (name, n)
        JOIN pg_attribute AS t ON t.attrelid = v_summary.read_table::regclass AND t.attname = a.name
        CROSS JOIN LATERAL (
            SELECT string_agg(format(CASE u.n WHEN 1 THEN 'f%s.%I' ELSE 'coalesce(f%s.%I, 0)' END, u.n, a.name), ' + ' ORDER BY u.n) AS terms
            FROM (
                SELECT row_number() OVER (ORDER BY p.position, f.fold) AS n, f.fold
                FROM projection.folds AS f
                JOIN projection.projections AS p ON p.read_table = f.source_table
                WHERE f.read_table = v_summary.read_table AND p_changes ? f.source_table
            ) AS u
            JOIN pg_attribute AS c ON c.attrelid = u.fold::regclass AND c.attname = a.name
        ) AS s
    ) AS c;
    IF v_summary.kind = 'slots' THEN
        v_change := format('SELECT s.*, %s + pg_backend_pid() %% 32 AS slot FROM (%s) AS s', (SELECT min(p.position) * 100 FROM projection.projections AS p WHERE p_changes ? p.read_table), v_change);
        v_columns := v_columns || 'slot'::text;
    END IF;

    v_rest := projection.summary_changes_of_one(p_changes, v_summary.position);
    IF EXISTS (SELECT FROM projection.folds AS f WHERE f.source_table = v_summary.read_table) THEN
        v_rest := format(
            E'\n    IF v_is_new THEN%s\n    ELSE%s\n    END IF;',
            projection.summary_changes_of_one(p_changes || jsonb_build_object(v_summary.read_table, format(
                '(SELECT c.*%s FROM (%s) AS c)',
                (
                    SELECT string_agg(format(', 0 AS %I', a.attname), '' ORDER BY a.attnum)
                    FROM pg_attribute AS a
                    WHERE a.attrelid = v_summary.read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (v_columns)
                ),
                v_change
            )), v_summary.position),
            v_rest
        );
    END IF;
    RETURN projection.add_one_change(v_summary.read_table, v_columns, v_change) || v_rest;
END
$$;
COMMENT ON FUNCTION projection.summary_changes_of_one(jsonb, integer) IS
'As projection.summary_changes(), for the most frequent change: one new row. The first argument maps the changed table to a subquery of that row, the second is its position. Plain statements over scalars: a third of the cost of the general way.';
REVOKE ALL ON FUNCTION projection.summary_changes_of_one(jsonb, integer) FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/summary_changes_of_one.sql', '5391ace774193faa6ceb08f7c8e6f02c0ee370d70f560390c61d82e66f533566') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/tenant_totals_of_balances.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE VIEW projection.tenant_totals_of_balances WITH (security_invoker = true) AS
SELECT
    r.tenant_id,
    sum(r.balance) AS balances
FROM public.user_balances_view AS r
GROUP BY r.tenant_id;
COMMENT ON VIEW projection.tenant_totals_of_balances IS 'What public.user_balances_view adds to projection.tenant_totals.';
REVOKE ALL ON projection.tenant_totals_of_balances FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/tenant_totals_of_balances.sql', '02d1e3ecda99327b183bf17dc4c3fe7d6dac240cc1ee6155f22d4f81440eb421') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/tenant_totals_of_bets.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE VIEW projection.tenant_totals_of_bets WITH (security_invoker = true) AS
SELECT
    r.tenant_id,
    count(*) FILTER (WHERE r.status = 'placed') AS bets_placed,
    count(*) FILTER (WHERE r.status = 'confirmed') AS bets_confirmed,
    count(*) FILTER (WHERE r.status = 'settled') AS bets_settled,
    count(*) FILTER (WHERE r.status = 'cancelled') AS bets_cancelled,
    coalesce(sum(r.stake) FILTER (WHERE r.status <> 'cancelled'), 0) AS staked,
    coalesce(sum(r.payout) FILTER (WHERE r.status = 'settled'), 0) AS paid_out,
    coalesce(sum(r.stake - r.payout) FILTER (WHERE r.status = 'settled'), 0) AS gross_gaming_revenue
FROM public.bets_view AS r
GROUP BY r.tenant_id;
COMMENT ON VIEW projection.tenant_totals_of_bets IS 'What public.bets_view adds to projection.tenant_totals.';
REVOKE ALL ON projection.tenant_totals_of_bets FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/tenant_totals_of_bets.sql', '30bcb7553f2473616bf62cd10bf44850bb38c8326f7a04dd93cdbdb5179263b0') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/tenant_totals_of_payments.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE VIEW projection.tenant_totals_of_payments WITH (security_invoker = true) AS
SELECT
    r.tenant_id,
    coalesce(sum(r.amount) FILTER (WHERE r.type = 'deposit' AND r.status <> 'failed'), 0) AS deposits,
    coalesce(sum(r.amount) FILTER (WHERE r.type = 'withdrawal' AND r.status <> 'failed'), 0) AS withdrawals
FROM public.payments_view AS r
GROUP BY r.tenant_id;
COMMENT ON VIEW projection.tenant_totals_of_payments IS 'What public.payments_view adds to projection.tenant_totals.';
REVOKE ALL ON projection.tenant_totals_of_payments FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/tenant_totals_of_payments.sql', 'dea1ccacf740d352354220c83ca7cc17d10beab0d624cf2f48843de13ea565cc') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/tenant_totals_of_users.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE VIEW projection.tenant_totals_of_users WITH (security_invoker = true) AS
SELECT
    r.tenant_id,
    count(*) AS users
FROM public.user_activity_view AS r
GROUP BY r.tenant_id;
COMMENT ON VIEW projection.tenant_totals_of_users IS 'What public.user_activity_view adds to projection.tenant_totals.';
REVOKE ALL ON projection.tenant_totals_of_users FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/tenant_totals_of_users.sql', 'dd27e1634f8400e40139197d1dee4a028368e61d8619ba164d57032588229d43') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/union_of_folds.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.union_of_folds(p_read_table text, p_sources jsonb)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_projection projection.projections%ROWTYPE;
    v_fold record;
    v_sign text;
    v_source text;
    v_parts text[] := '{}';
    v_keys text[];
    v_sums text[];
BEGIN
    SELECT p.* INTO STRICT v_projection FROM projection.projections AS p WHERE p.read_table = p_read_table;
    v_keys := CASE WHEN v_projection.kind = 'slots' THEN v_projection.key_columns[1:1] ELSE v_projection.key_columns END;
    SELECT array_agg(a.attname::text ORDER BY a.attnum) INTO v_sums
    FROM pg_attribute AS a
    WHERE a.attrelid = p_read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attname = ANY (projection.folded_by(p_read_table, ARRAY(SELECT jsonb_object_keys(p_sources))))
        AND a.attname <> ALL (
            v_projection.key_columns || v_projection.lowest_columns || v_projection.highest_columns
        );

    FOR v_fold IN
        SELECT f.fold, f.source_table FROM projection.folds AS f
        WHERE f.read_table = p_read_table AND p_sources ? f.source_table
        ORDER BY f.fold
    LOOP
        FOR v_sign, v_source IN
            SELECT s.key, s.value FROM jsonb_each_text(p_sources -> v_fold.source_table) AS s ORDER BY s.key
        LOOP
            v_parts := v_parts || format(
                'SELECT %s FROM (%s) AS f',
                (SELECT string_agg(
                    CASE
                        WHEN c.name = ANY (v_keys) THEN format('f.%I', c.name)
                        WHEN c.name = ANY (v_projection.lowest_columns || v_projection.highest_columns)
                            THEN CASE v_sign WHEN '+' THEN format('f.%I', c.name) ELSE format('NULL AS %I', c.name) END
                        WHEN NOT EXISTS (
                            SELECT FROM pg_attribute AS a
                            WHERE a.attrelid = v_fold.fold::regclass AND a.attname = c.name
                        ) THEN format('0 AS %I', c.name)
                        ELSE format('%s f.%I AS %I', CASE v_sign WHEN '-' THEN '-' END, c.name, c.name)
                    END, ', ' ORDER BY c.n)
                FROM unnest(v_keys || v_sums || v_projection.lowest_columns || v_projection.highest_columns)
                    WITH ORDINALITY AS c (name, n)),
                projection.fold_text(v_fold.fold, v_source)
            );
        END LOOP;
    END LOOP;

    IF v_projection.kind = 'state' OR array_length(v_parts, 1) = 1 THEN
        RETURN v_parts[1];
    END IF;
    RETURN format(
        'SELECT %s, %s FROM (%s) AS u GROUP BY %s',
        (SELECT string_agg(format('u.%I', k.name), ', ') FROM unnest(v_keys) AS k (name)),
        (SELECT string_agg(
            CASE
                WHEN c.name = ANY (v_projection.lowest_columns) THEN format('min(u.%I) AS %I', c.name, c.name)
                WHEN c.name = ANY (v_projection.highest_columns) THEN format('max(u.%I) AS %I', c.name, c.name)
                ELSE format('sum(u.%I) AS %I', c.name, c.name)
            END, ', ' ORDER BY c.n)
        FROM unnest(v_sums || v_projection.lowest_columns || v_projection.highest_columns)
            WITH ORDINALITY AS c (name, n)),
        array_to_string(v_parts, ' UNION ALL '),
        (SELECT string_agg(format('u.%I', k.name), ', ') FROM unnest(v_keys) AS k (name))
    );
END
$$;
COMMENT ON FUNCTION projection.union_of_folds(text, jsonb) IS
'One query that gives the rows of a read table from all its folds. The second argument maps each source table to what is read in its place, and with which sign: {"public.bets_view": {"+": "after", "-": "before"}}.';
REVOKE ALL ON FUNCTION projection.union_of_folds(text, jsonb) FROM public;
GRANT EXECUTE ON FUNCTION projection.union_of_folds(text, jsonb) TO betledger_operator;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/union_of_folds.sql', 'd21542204b4c65f03fbaf4fd7da0ea3aeb67446c34fb69df2ce396d7b6f0744a') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/user_activity_of_bets.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE VIEW projection.user_activity_of_bets WITH (security_invoker = true) AS
SELECT
    r.tenant_id,
    r.user_id,
    count(*)::integer AS bets,
    (count(*) FILTER (WHERE r.status IN ('placed', 'confirmed')))::integer AS open_bets,
    coalesce(sum(r.stake) FILTER (WHERE r.status <> 'cancelled'), 0) AS staked,
    coalesce(sum(r.payout) FILTER (WHERE r.status = 'settled'), 0) AS paid_out,
    coalesce(sum(r.payout - r.stake) FILTER (WHERE r.status = 'settled'), 0) AS net_result,
    min(r.created_at) AS first_activity_at,
    max(r.last_updated_at) AS last_activity_at
FROM public.bets_view AS r
WHERE r.user_id IS NOT NULL
GROUP BY r.tenant_id, r.user_id;
COMMENT ON VIEW projection.user_activity_of_bets IS 'What public.bets_view adds to public.user_activity_view.';
REVOKE ALL ON projection.user_activity_of_bets FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/user_activity_of_bets.sql', '6a5e7267c784f434021bba3580941fcae6866ea45ac1c44c21c9f48f8fe180f5') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/user_activity_of_payments.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE VIEW projection.user_activity_of_payments WITH (security_invoker = true) AS
SELECT
    r.tenant_id,
    r.user_id,
    coalesce(sum(r.amount) FILTER (WHERE r.type = 'deposit' AND r.status <> 'failed'), 0) AS deposits,
    coalesce(sum(r.amount) FILTER (WHERE r.type = 'withdrawal' AND r.status <> 'failed'), 0) AS withdrawals,
    min(r.created_at) AS first_activity_at,
    max(r.last_updated_at) AS last_activity_at
FROM public.payments_view AS r
WHERE r.user_id IS NOT NULL
GROUP BY r.tenant_id, r.user_id;
COMMENT ON VIEW projection.user_activity_of_payments IS 'What public.payments_view adds to public.user_activity_view.';
REVOKE ALL ON projection.user_activity_of_payments FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/user_activity_of_payments.sql', '05076d38f81d0820327ae534efcf2ef6d1fc476172a1e1d46df6b82896185f5a') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- functions/projection/user_balances_fold.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE VIEW projection.user_balances_fold WITH (security_invoker = true) AS
SELECT
    e.tenant_id,
    e.event_data ->> 'user_id' AS user_id,
    sum(
        CASE e.event_type WHEN 'V1_BALANCES_BALANCE_INCREASED' THEN 1 ELSE -1 END
        * (e.event_data ->> 'amount')::numeric
    ) AS balance,
    count(*)::integer AS transaction_count,
    to_timestamp(max(e."timestamp") / 1000.0::double precision) AS last_transaction_at
FROM public.balance_events AS e
GROUP BY e.tenant_id, e.event_data ->> 'user_id';
COMMENT ON VIEW projection.user_balances_fold IS
'The fold of public.balance_events into public.user_balances_view: a sum, so that no order matters.';
REVOKE ALL ON projection.user_balances_fold FROM public;
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('functions/projection/user_balances_fold.sql', '8a4d4bb83e8613996778ddd0326ac15ce93afa7512337ca67bc07b636bfdf07b') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
UPDATE betledger_migrations.repeatable SET checksum = 'due' WHERE path LIKE '%triggers/%';
COMMIT;

-- triggers/balance_events.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
SELECT projection.compile_event_table('public.balance_events');
-- What no index or column would take; the rest is checked once the statement has its rows (project_inserted).
CREATE OR REPLACE TRIGGER refuse_malformed
BEFORE INSERT ON public.balance_events
FOR EACH ROW
WHEN (
    num_nulls(
        new.id, new.tenant_id, new.aggregate_id, new.event_type, new.event_data, new."timestamp", new.version, new.created_at
    ) > 0
    OR length(new.aggregate_id) > 256
    OR length(new.metadata ->> 'idempotency_key') > 200
    OR length(new.event_data ->> 'user_id') > 200
)
EXECUTE FUNCTION projection.refuse_malformed('public.balance_events');
CREATE OR REPLACE TRIGGER project_inserted
AFTER INSERT ON public.balance_events
REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.balance_events_inserted();
CREATE OR REPLACE TRIGGER project_key_removed
AFTER UPDATE ON public.balance_events
REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.balance_events_key_removed();
CREATE OR REPLACE TRIGGER guard_event
BEFORE UPDATE OR DELETE ON public.balance_events
FOR EACH ROW EXECUTE FUNCTION projection.guard_event();
CREATE OR REPLACE TRIGGER guard_truncate
BEFORE TRUNCATE ON public.balance_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.guard_event();
-- The policy of schema/, with a refusal in words.
ALTER POLICY own_tenant ON public.balance_events
WITH CHECK (
    tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint
    OR projection.require_tenant(tenant_id)
);
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('triggers/balance_events.sql', '487407958596f4f841ffa36af0272a8425cdba6b6b33de0ac11d3add05e101ba') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
COMMIT;

-- triggers/bet_events.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
SELECT projection.compile_event_table('public.bet_events');
-- What no index or column would take; the rest is checked once the statement has its rows (project_inserted).
CREATE OR REPLACE TRIGGER refuse_malformed
BEFORE INSERT ON public.bet_events
FOR EACH ROW
WHEN (
    num_nulls(
        new.id, new.tenant_id, new.aggregate_id, new.event_type, new.event_data, new."timestamp", new.version, new.created_at
    ) > 0
    OR length(new.aggregate_id) > 256
    OR length(new.metadata ->> 'idempotency_key') > 200
)
EXECUTE FUNCTION projection.refuse_malformed('public.bet_events');
CREATE OR REPLACE TRIGGER project_inserted
AFTER INSERT ON public.bet_events
REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.bet_events_inserted();
CREATE OR REPLACE TRIGGER project_key_removed
AFTER UPDATE ON public.bet_events
REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.bet_events_key_removed();
CREATE OR REPLACE TRIGGER guard_event
BEFORE UPDATE OR DELETE ON public.bet_events
FOR EACH ROW EXECUTE FUNCTION projection.guard_event();
CREATE OR REPLACE TRIGGER guard_truncate
BEFORE TRUNCATE ON public.bet_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.guard_event();
-- The policy of schema/, with a refusal in words.
ALTER POLICY own_tenant ON public.bet_events
WITH CHECK (
    tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint
    OR projection.require_tenant(tenant_id)
);
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('triggers/bet_events.sql', 'b9bb1a35de2a3600f11d1145786f9b731270656bc0dc8a08cf5a0d936e509eb9') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
COMMIT;

-- triggers/payment_events.sql
BEGIN;
SET LOCAL statement_timeout = '15min';
SET LOCAL check_function_bodies = off;
SET LOCAL ROLE betledger_owner;
SELECT projection.compile_event_table('public.payment_events');
-- What no index or column would take; the rest is checked once the statement has its rows (project_inserted).
CREATE OR REPLACE TRIGGER refuse_malformed
BEFORE INSERT ON public.payment_events
FOR EACH ROW
WHEN (
    num_nulls(
        new.id, new.tenant_id, new.aggregate_id, new.event_type, new.event_data, new."timestamp", new.version, new.created_at
    ) > 0
    OR length(new.aggregate_id) > 256
    OR length(new.metadata ->> 'idempotency_key') > 200
)
EXECUTE FUNCTION projection.refuse_malformed('public.payment_events');
CREATE OR REPLACE TRIGGER project_inserted
AFTER INSERT ON public.payment_events
REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.payment_events_inserted();
CREATE OR REPLACE TRIGGER project_key_removed
AFTER UPDATE ON public.payment_events
REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.payment_events_key_removed();
CREATE OR REPLACE TRIGGER guard_event
BEFORE UPDATE OR DELETE ON public.payment_events
FOR EACH ROW EXECUTE FUNCTION projection.guard_event();
CREATE OR REPLACE TRIGGER guard_truncate
BEFORE TRUNCATE ON public.payment_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.guard_event();
-- The policy of schema/, with a refusal in words.
ALTER POLICY own_tenant ON public.payment_events
WITH CHECK (
    tenant_id = substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,17}$')::bigint
    OR projection.require_tenant(tenant_id)
);
RESET ROLE;
INSERT INTO betledger_migrations.repeatable (path, checksum) VALUES ('triggers/payment_events.sql', '70f11dbc2e4466816a025b44e60840abc4a5460aa1ac04cc74659d51215d1270') ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
COMMIT;

SELECT pg_advisory_unlock(hashtext('6265746c6564676572'), hashtext('migrate'));
