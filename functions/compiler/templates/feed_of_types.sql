SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_feed_of_types()
RETURNS void
LANGUAGE sql
AS $$
SELECT e.event_table, e.tenant_id, e.id, e.aggregate_id, e.event_type, e.event_data, e."timestamp", e.version,
    e.metadata, e.created_at, e.stored_at, p.feed_position, p.feed_number
FROM (
    SELECT l.event_table, l.tenant_id, l.id, l.aggregate_id, l.event_type, l.event_data, l."timestamp", l.version,
        l.metadata, l.created_at, l.stored_at, l.feed_position, l.feed_number,
        lead(l.id) OVER (ORDER BY l.feed_position, l.feed_number) IS NULL AS is_last
    FROM (
        TABLE "{feed}"
    ) AS l
) AS p
-- Of another type, the last one shows where it is, so that it is not read again.
LEFT JOIN LATERAL (
    SELECT p.event_table, p.tenant_id, p.id, p.aggregate_id, p.event_type, p.event_data, p."timestamp", p.version,
        p.metadata, p.created_at, p.stored_at
) AS e ON p.event_type = ANY ($5)
WHERE e.id IS NOT NULL OR p.is_last
ORDER BY p.feed_position, p.feed_number
$$;

COMMENT ON FUNCTION projection.template_feed_of_types() IS
'Template: what is shown of the next events where types are asked for: see projection.feed_text().';

REVOKE ALL ON FUNCTION projection.template_feed_of_types() FROM public;
