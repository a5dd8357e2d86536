SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_receive()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    -- Small first: what is smaller than this has no text that is too long.
    IF num_nulls(
        NEW.id, NEW.tenant_id, NEW.aggregate_id, NEW.event_type, NEW.event_data, NEW."timestamp", NEW.version,
        NEW.created_at
    ) > 0
        OR length(NEW.aggregate_id) > 256
        OR pg_column_size(NEW.metadata) > 200
        OR pg_column_size(NEW.event_data) > 200
        OR pg_column_compression(NEW.metadata) IS NOT NULL
        OR pg_column_compression(NEW.event_data) IS NOT NULL
    THEN
        -- What comes from another table may be compressed: from here on, its size is that of what is in it.
        NEW.metadata := NEW.metadata #> '{}';
        NEW.event_data := NEW.event_data #> '{}';
        IF num_nulls(
            NEW.id, NEW.tenant_id, NEW.aggregate_id, NEW.event_type, NEW.event_data, NEW."timestamp",
            NEW.version, NEW.created_at
        ) > 0
            OR length(NEW.aggregate_id) > 256
            OR length(NEW.metadata ->> 'idempotency_key') > 200
            OR length(NEW.event_data ->> 'user_id') > 200
            OR length(coalesce(NEW.event_data ->> 'payment_id', NEW.event_data ->> 'bet_id')) > 256
        THEN
            PERFORM projection.refuse_event("{name}", to_jsonb(NEW));
        END IF;
    END IF;
    NEW.feed_position := "{position}";
    NEW.feed_number := projection.feed_number();
    NEW.stored_at := projection.stored_at();
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION projection.template_receive() IS
'Template: the body of projection.<event table>_received(). Refuses rows that PostgreSQL itself would refuse with an '
'error that names no remedy, null columns and text too long for an index, with BL001: not a condition of the trigger, '
'since each statement would read that anew. Unpacks JSON that is compressed. Sets the place of the event in the feed, '
'and when it was stored.';

REVOKE ALL ON FUNCTION projection.template_receive() FROM public;
