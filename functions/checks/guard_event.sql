SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.guard_event()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table text;
BEGIN
    IF TG_OP = 'UPDATE'
        AND OLD.metadata ? 'idempotency_key'
        AND NEW.metadata = OLD.metadata - 'idempotency_key'
        AND (
            NEW.id, NEW.tenant_id, NEW.aggregate_id, NEW.event_type, NEW.event_data, NEW."timestamp", NEW.version,
            NEW.created_at
        ) = (
            OLD.id, OLD.tenant_id, OLD.aggregate_id, OLD.event_type, OLD.event_data, OLD."timestamp", OLD.version,
            OLD.created_at
        )
    THEN
        -- Clocks of clients differ a little from ours: their "48 hours ago" may be some minutes early.
        IF OLD.created_at < now() - interval '47 hours 55 minutes' OR pg_has_role('betledger_operator', 'USAGE') THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'idempotency key % of event % has not expired: it was stored at %',
            left(OLD.metadata ->> 'idempotency_key', 100), OLD.id, OLD.created_at
            USING ERRCODE = 'BL010',
            HINT = 'Take out keys that are older than 48 hours; an operator may take them out sooner.';
    END IF;
    -- Without the number of the shard: clients know the table.
    v_table := TG_TABLE_SCHEMA || '.' || regexp_replace(TG_TABLE_NAME, '_[0-9]+$', '');
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION '% of % is refused: events are append-only', TG_OP, v_table
            USING ERRCODE = 'BL010', HINT = 'Insert an event that takes the effect back instead.';
    END IF;
    RAISE EXCEPTION 'UPDATE of event % in % is refused: events are append-only', OLD.id, v_table
        USING ERRCODE = 'BL010', HINT = 'Only an idempotency key older than 48 hours may be taken out of metadata.';
END
$$;

COMMENT ON FUNCTION projection.guard_event() IS
'Trigger function of the event tables: refuses UPDATE, DELETE and TRUNCATE with BL010, except taking out an expired '
'idempotency key (for operators: any key).';

REVOKE ALL ON FUNCTION projection.guard_event() FROM public;
