SET LOCAL ROLE betledger_owner;

CREATE FUNCTION projection.create_event_table(p_name text, p_of text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_comment record;
BEGIN
    EXECUTE format(
        'CREATE TABLE public.%1$I ('
        '    id uuid NOT NULL,'
        '    tenant_id bigint NOT NULL,'
        '    aggregate_id text COLLATE "C" NOT NULL,'
        '    event_type text NOT NULL,'
        '    event_data jsonb NOT NULL,'
        '    "timestamp" bigint NOT NULL,'
        '    version integer NOT NULL,'
        '    metadata jsonb,'
        '    created_at timestamptz NOT NULL DEFAULT now(),'
        '    stored_at timestamptz,'
        '    feed_position bigint,'
        '    feed_number bigint,'
        '    CONSTRAINT %2$I PRIMARY KEY (tenant_id, id))', p_name, p_name || '_pkey'
    );
    -- One key of a tenant is one event of this table, however many clients send it at the same moment. The clean-up of
    -- keys reads what it needs from the index, which holds no others.
    EXECUTE format(
        'CREATE UNIQUE INDEX %2$I ON public.%1$I (tenant_id, (metadata ->> ''idempotency_key''))'
        ' INCLUDE (created_at, id) WHERE metadata ->> ''idempotency_key'' IS NOT NULL',
        p_name, 'idx_' || p_name || '_idempotency'
    );
    -- By the statistics of this index every event would have a key: a clean-up would read the whole table.
    EXECUTE format('ALTER INDEX public.%I ALTER COLUMN 2 SET STATISTICS 0', 'idx_' || p_name || '_idempotency');
    EXECUTE format(
        'CREATE STATISTICS public.%2$I ON (metadata ->> ''idempotency_key'') FROM public.%1$I',
        p_name, p_name || '_keys'
    );
    -- The history of an aggregate, and the events that its row is folded from.
    EXECUTE format(
        'CREATE INDEX %2$I ON public.%1$I (tenant_id, aggregate_id, "timestamp")', p_name, p_name || '_aggregate'
    );
    -- The events of a tenant in a time range, and the last activity of a tenant.
    EXECUTE format('CREATE INDEX %2$I ON public.%1$I (tenant_id, "timestamp")', p_name, p_name || '_time');
    -- public.feed(), and public.ledger_feed().
    EXECUTE format(
        'CREATE INDEX %2$I ON public.%1$I (tenant_id, feed_position, feed_number)', p_name, p_name || '_feed'
    );
    EXECUTE format(
        'CREATE INDEX %2$I ON public.%1$I (feed_position, feed_number)', p_name, p_name || '_ledger_feed'
    );
    PERFORM projection.wall_off('public.' || quote_ident(p_name), p_takes_rows => true);
    -- UPDATE (metadata) is for the clean-up of expired keys; a trigger refuses everything else.
    -- INSERT is granted once there are triggers that check and project: triggers/ready.sql.
    EXECUTE format('GRANT UPDATE (metadata) ON public.%I TO betledger_app, betledger_tenant', p_name);
    EXECUTE format('GRANT UPDATE (metadata) ON public.%I TO betledger_operator', p_name);

    EXECUTE format('COMMENT ON TABLE public.%I IS %L', p_name, format(
        'Append-only events of %s. INSERT here, or call a function that does; triggers keep the read tables in the '
        'same '
        'transaction. Nobody updates, deletes or truncates (SQLSTATE BL010); the one change permitted is taking an '
        'idempotency key that is older than 48 hours out of metadata. Bad input is refused with SQLSTATE BL001, a used '
        'idempotency key with 23505.', p_of
    ));
    FOR v_comment IN
        SELECT c.name, c.says FROM (VALUES
            ('id', 'The event, unique within the tenant. Made by the client (any UUID) or by a function from tenant, '
                'operation and key.'),
            ('tenant_id', 'The tenant, above 0. Every table is keyed, and on Citus distributed, by it.'),
            ('aggregate_id', 'The stream: one of the ' || p_of || '. 1 to 256 characters.'),
            ('event_type', 'One of the types in projection.event_types.'),
            ('event_data', 'The payload: a JSON object of at most 65536 bytes. Money is a JSON number or a numeric '
                'string, kept exactly.'),
            ('timestamp', 'When it happened, in milliseconds since 1970-01-01 UTC, from 2000 on, at most a day ahead. '
                'Streams fold in this order, whatever order the events arrive in.'),
            ('version', 'The version of the format of the event: 1. Not a position in the stream.'),
            ('metadata', 'A JSON object or null: idempotency_key (1 to 200 characters, unique per tenant in this '
                'table) and whatever the client wants to keep.'),
            ('created_at', 'When the event was stored, unless the client says otherwise; the life of an idempotency '
                'key counts from here.'),
            ('stored_at', 'When the event was stored. Set by a trigger, whatever the client sends.'),
            ('feed_position', 'Where the event is in public.feed(): an era of the server, and a transaction id that '
                'is not below the event''s own. Set by a trigger.'),
            ('feed_number', 'The order of events with one feed_position. Set by a trigger.')
        ) AS c (name, says)
    LOOP
        EXECUTE format('COMMENT ON COLUMN public.%I.%I IS %L', p_name, v_comment.name, v_comment.says);
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.create_event_table(text, text) IS
'Makes an event table in public, with its indexes, walls, grants and comments; p_of says what its streams are. '
'Register its types in projection.event_types, and what they say of a read table with projection.define(). '
'Migrations may rely on it. Example: SELECT projection.create_event_table(''bonus_events'', ''bonuses'').';

REVOKE ALL ON FUNCTION projection.create_event_table(text, text) FROM public;

SELECT projection.create_event_table('bet_events', 'bets');

SELECT projection.create_event_table('payment_events', 'payments');

SELECT projection.create_event_table('balance_events', 'balances of users');

-- A balance is folded by the user of the payload, whatever the stream is called. Nobody waits: the table is empty.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX balance_events_user
ON public.balance_events (tenant_id, ((event_data ->> 'user_id') COLLATE "C"), "timestamp", id);

-- What a payment or a bet took or gave, at whatever time: projection.moved_by().
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX balance_events_cause
ON public.balance_events (tenant_id, (coalesce(event_data ->> 'payment_id', event_data ->> 'bet_id')))
WHERE coalesce(event_data ->> 'payment_id', event_data ->> 'bet_id') IS NOT NULL;
