SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_usual_event()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- The full check is only asked where a small one, that nearly every event passes, does not hold.
IF (
    e.tenant_id > 0 AND e.aggregate_id <> '' AND e."timestamp" >= 946684800000
    AND e."timestamp" <= date_part('epoch', now()) * 1000 + 86400000 AND e.version = 1
    AND isfinite(e.created_at) AND pg_column_size(e.event_data) <= 200
    AND (e.metadata IS NULL OR pg_column_size(e.metadata) <= 65536
        AND e.metadata @@ 'strict $.idempotency_key.type() == "string" && $.idempotency_key != ""')
) IS NOT TRUE THEN
    PERFORM projection.refuse_event("{name}", to_jsonb(e))
    WHERE "{valid}"(e) IS NOT TRUE;
END IF;
END
$$;

COMMENT ON FUNCTION projection.template_usual_event() IS
'Template: the check of what every event (e) has, whatever its type: see projection.inserted_text().';

REVOKE ALL ON FUNCTION projection.template_usual_event() FROM public;
