SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.feed_of_cluster(p_after text, p_limit integer, p_types text[])
RETURNS TABLE (
    event_table text, tenant_id bigint, id uuid, aggregate_id text, event_type text, event_data jsonb,
    "timestamp" bigint, version integer, metadata jsonb, created_at timestamptz, stored_at timestamptz, feed_cursor text
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_places jsonb := CASE
        WHEN p_after IS NULL THEN '[]' ELSE projection.position_of_page(p_after, '"ledger_feed"')
    END;
BEGIN
    RETURN QUERY
    WITH shards AS MATERIALIZED (
        SELECT s.lowest, s.highest, s.position, s.number, s.events
        FROM projection.on_shards(
            format('SELECT projection.feed_of_shard(<shard_id>, %L, %L, %L)', v_places, p_limit, p_types), NULL
        ) AS a (answer)
        CROSS JOIN LATERAL jsonb_to_record(a.answer::jsonb) AS s (
            lowest integer, highest integer, position bigint, number bigint, events jsonb
        )
    ),
    -- In turns: of each shard those are shown that come first.
    shown AS MATERIALIZED (
        SELECT s.lowest, e.n, e.event FROM shards AS s
        CROSS JOIN LATERAL jsonb_array_elements(s.events) WITH ORDINALITY AS e (event, n)
        ORDER BY e.n, s.lowest LIMIT p_limit
    ),
    places AS (
        SELECT jsonb_agg(jsonb_build_array(
            s.lowest, s.highest, coalesce((l.event ->> 'feed_position')::bigint, s.position),
            coalesce((l.event ->> 'feed_number')::bigint, s.number)
        ) ORDER BY s.lowest) AS places
        FROM shards AS s
        LEFT JOIN LATERAL (
            SELECT w.event FROM shown AS w WHERE w.lowest = s.lowest ORDER BY w.n DESC LIMIT 1
        ) AS l ON true
    )
    SELECT e.event_table, e.tenant_id, e.id, e.aggregate_id, e.event_type, e.event_data, e."timestamp", e.version,
        e.metadata, e.created_at, e.stored_at,
        CASE WHEN lead(w.n) OVER o IS NULL THEN projection.page_after('"ledger_feed"', p.places) END
    FROM shown AS w
    CROSS JOIN places AS p
    CROSS JOIN LATERAL jsonb_to_record(w.event) AS e (
        event_table text, tenant_id bigint, id uuid, aggregate_id text, event_type text, event_data jsonb,
        "timestamp" bigint, version integer, metadata jsonb, created_at timestamptz, stored_at timestamptz
    )
    WINDOW o AS (ORDER BY w.n, w.lowest)
    ORDER BY w.n, w.lowest;
END
$$;

COMMENT ON FUNCTION projection.feed_of_cluster(text, integer, text[]) IS
'public.ledger_feed() on Citus: asks all shards at the same time. Errors: BL001 bad cursor, BL032 a shard failed.';

REVOKE ALL ON FUNCTION projection.feed_of_cluster(text, integer, text[]) FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_of_cluster(text, integer, text[]) TO betledger_reader, betledger_operator;
