SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.ledger_feed(
    p_after text DEFAULT NULL, p_limit integer DEFAULT 1000, p_types text[] DEFAULT NULL
)
RETURNS TABLE (
    event_table text, tenant_id bigint, id uuid, aggregate_id text, event_type text, event_data jsonb,
    "timestamp" bigint, version integer, metadata jsonb, created_at timestamptz, stored_at timestamptz, feed_cursor text
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_mark text := projection.feed_mark(0);
    v_after record;
BEGIN
    PERFORM projection.require_page(1, p_limit);
    IF projection.is_distributed('public.bet_events') THEN
        RETURN QUERY SELECT f.* FROM projection.feed_of_cluster(p_after, p_limit, p_types) AS f;
        RETURN;
    END IF;
    PERFORM projection.see_to_era();
    v_after := projection.feed_place(0, p_after, 'after');
    RETURN QUERY
    SELECT f.event_table, f.tenant_id, f.id, f.aggregate_id, f.event_type, f.event_data, f."timestamp", f.version,
        f.metadata, f.created_at, f.stored_at,
        projection.feed_cursor(f.feed_position, f.feed_number, v_mark)
    FROM projection.events_of_ledger(NULL, v_after.feed_position, v_after.feed_number, p_limit, p_types) AS f;
END
$$;

COMMENT ON FUNCTION public.ledger_feed(text, integer, text[]) IS
'The events of all tenants, as public.feed() gives those of one. On Citus those of each shard come in that order, the '
'shards in turns; feed_cursor has a place for each shard, and stands in the last row only. Null may be: event_table, '
'tenant_id, id, aggregate_id, event_type, event_data, timestamp, version, metadata, created_at, stored_at, '
'feed_cursor. Errors: BL001 bad cursor or limit, BL032 a shard failed. Example: SELECT * FROM public.ledger_feed().';

REVOKE ALL ON FUNCTION public.ledger_feed(text, integer, text[]) FROM public;

GRANT EXECUTE ON FUNCTION public.ledger_feed(text, integer, text[]) TO betledger_reader, betledger_operator;
