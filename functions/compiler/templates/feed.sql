SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_feed()
RETURNS void
LANGUAGE sql
AS $$
SELECT f.event_table, f.tenant_id, f.id, f.aggregate_id, f.event_type, f.event_data, f."timestamp", f.version,
    f.metadata, f.created_at, f.stored_at, f.feed_position, f.feed_number
FROM (
    TABLE "{events}"
) AS f
ORDER BY f.feed_position, f.feed_number
LIMIT $4
$$;

COMMENT ON FUNCTION projection.template_feed() IS
'Template: the next events of all event tables: see projection.feed_text().';

REVOKE ALL ON FUNCTION projection.template_feed() FROM public;
