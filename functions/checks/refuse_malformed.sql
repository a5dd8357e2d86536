SET LOCAL ROLE betledger_owner;

-- Called for each row, so without a SET clause, which costs more than the rest of it. Whatever a search_path makes of
-- it, the triggers that check and project come after it, and have one.
CREATE OR REPLACE FUNCTION projection.refuse_malformed()
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
    THEN
        IF num_nulls(
            NEW.id, NEW.tenant_id, NEW.aggregate_id, NEW.event_type, NEW.event_data, NEW."timestamp",
            NEW.version, NEW.created_at
        ) > 0
            OR length(NEW.aggregate_id) > 256
            OR length(NEW.metadata ->> 'idempotency_key') > 200
            OR length(NEW.event_data ->> 'user_id') > 200
            OR length(coalesce(NEW.event_data ->> 'payment_id', NEW.event_data ->> 'bet_id')) > 256
        THEN
            PERFORM projection.refuse_event(TG_ARGV[0], to_jsonb(NEW));
        END IF;
    END IF;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION projection.refuse_malformed() IS
'Trigger function of the event tables, for rows that PostgreSQL itself would refuse with an error that names no '
'remedy: null columns, and text too long for an index. Raises BL001. Not a condition of the trigger: each statement '
'would read that anew. Argument: the event table.';

REVOKE ALL ON FUNCTION projection.refuse_malformed() FROM public;
