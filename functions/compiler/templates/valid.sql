SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_valid()
RETURNS boolean
LANGUAGE sql
AS $$
SELECT
    -- Nulls and text too long for an index are refused before: template_receive().
    e.tenant_id > 0 AND e.aggregate_id <> ''
    -- From the year 2000 on, so that seconds are no milliseconds, and at most a day ahead.
    AND e."timestamp" >= 946684800000 AND e."timestamp" <= date_part('epoch', now()) * 1000 + 86400000
    AND e.version = 1 AND isfinite(e.created_at)
    AND jsonb_typeof(e.event_data) = 'object' AND pg_column_size(e.event_data) <= 65536
    AND CASE
        WHEN e.metadata IS NULL THEN true
        WHEN jsonb_typeof(e.metadata) <> 'object' OR pg_column_size(e.metadata) > 65536 THEN false
        WHEN jsonb_typeof(e.metadata -> 'idempotency_key') = 'string' THEN e.metadata ->> 'idempotency_key' <> ''
        ELSE NOT e.metadata ? 'idempotency_key'
    END
    AND CASE e.event_type
        WHEN "{branches}" THEN NULL;
        ELSE false
    END
$$;

COMMENT ON FUNCTION projection.template_valid() IS
'Template: the body of projection.<event table>_valid(): see projection.valid_text().';

REVOKE ALL ON FUNCTION projection.template_valid() FROM public;
