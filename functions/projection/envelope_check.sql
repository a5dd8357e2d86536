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
