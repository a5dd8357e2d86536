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
