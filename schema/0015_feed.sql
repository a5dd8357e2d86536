SET LOCAL ROLE betledger_owner;

-- What a server knows of its feed, each in a sequence: read in a third of a microsecond, changed at once for everybody
-- and whatever becomes of the transaction, replicated to a standby, and part of a dump. See docs/feed.md.
CREATE SEQUENCE projection.feed_numbers;

CREATE SEQUENCE projection.feed_era;

CREATE SEQUENCE projection.feed_floor;

CREATE SEQUENCE projection.feed_start;

COMMENT ON SEQUENCE projection.feed_numbers IS 'Gives feed_number to each event that this server stores.';
COMMENT ON SEQUENCE projection.feed_era IS
'The era of this server: higher than that of all events which were stored before it started.';
COMMENT ON SEQUENCE projection.feed_floor IS
'The transaction before the one that began the era. Until all up to it have ended, the feed stands still.';
COMMENT ON SEQUENCE projection.feed_start IS
'The start of the server for which the era was begun: another one begins another era.';

GRANT USAGE ON SEQUENCE projection.feed_numbers TO betledger_app, betledger_tenant, betledger_operator;

GRANT SELECT ON SEQUENCE projection.feed_era, projection.feed_floor, projection.feed_start
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;

CREATE TABLE public.consumers (
    tenant_id bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    feed_cursor text,
    advanced_at timestamptz NOT NULL,
    CONSTRAINT consumers_pkey PRIMARY KEY (tenant_id, name),
    CONSTRAINT consumers_name CHECK (length(name) BETWEEN 1 AND 200)
);

COMMENT ON TABLE public.consumers IS
'How far each consumer of public.feed() and public.ledger_feed() has come. Moved by advance_consumer(), in the '
'transaction in which the consumer keeps what it made of the events.';
COMMENT ON COLUMN public.consumers.tenant_id IS 'The tenant whose feed it reads; 0 for that of the whole ledger.';
COMMENT ON COLUMN public.consumers.name IS 'The consumer, by a name of 1 to 200 characters of its own choice.';
COMMENT ON COLUMN public.consumers.feed_cursor IS
'The cursor of the last event that it has dealt with; null: it begins.';
COMMENT ON COLUMN public.consumers.advanced_at IS 'When it came there.';

SELECT projection.wall_off('public.consumers', p_takes_rows => true);

GRANT INSERT, UPDATE (feed_cursor, advanced_at) ON public.consumers
TO betledger_app, betledger_tenant, betledger_operator;
