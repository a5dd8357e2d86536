SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_checked()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- The full check is only asked where one that is small, and that nearly every event passes, does not hold.
<<checked>>
BEGIN
    IF e.tenant_id > 0 AND e.aggregate_id <> '' AND e."timestamp" BETWEEN 1 AND 4102444799999 AND e.version = 1
        AND isfinite(e.created_at) AND pg_column_size(e.event_data) <= 200
        AND (e.metadata IS NULL OR pg_column_size(e.metadata) <= 65536
            AND e.metadata @@ 'strict $.idempotency_key.type() == "string" && $.idempotency_key != ""')
    THEN
        CASE e.event_type
            WHEN "{branches}" THEN NULL;
            ELSE NULL;
        END CASE;
    END IF;
    IF "{valid}"(e) IS NOT TRUE THEN
        PERFORM projection.refuse_event("{name}", to_jsonb(e));
    END IF;
END checked;
END
$$;

COMMENT ON FUNCTION projection.template_checked() IS
'Template: the check of one event: see projection.checked_text().';

REVOKE ALL ON FUNCTION projection.template_checked() FROM public;
