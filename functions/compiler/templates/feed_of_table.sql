SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_feed_of_table()
RETURNS void
LANGUAGE sql
AS $$
(
    SELECT "{name}" AS event_table, e.tenant_id, e.id, e.aggregate_id, e.event_type, e.event_data, e."timestamp",
        e.version, e.metadata, e.created_at, e.stored_at, e.feed_position, e.feed_number
    FROM "{table}" AS e
    WHERE "{condition}" AND (e.feed_position, e.feed_number) > ($2, $3)
        AND e.feed_position < projection.feed_horizon()
    ORDER BY e.feed_position, e.feed_number
    LIMIT $4
)
$$;

COMMENT ON FUNCTION projection.template_feed_of_table() IS
'Template: the next events of one event table: see projection.feed_text().';

REVOKE ALL ON FUNCTION projection.template_feed_of_table() FROM public;
