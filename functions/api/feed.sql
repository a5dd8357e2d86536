SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.feed(
    p_tenant_id bigint, p_after text DEFAULT NULL, p_limit integer DEFAULT 1000, p_types text[] DEFAULT NULL
)
RETURNS TABLE (
    event_table text, id uuid, aggregate_id text, event_type text, event_data jsonb, "timestamp" bigint,
    version integer, metadata jsonb, created_at timestamptz, stored_at timestamptz, feed_cursor text
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_mark text := projection.feed_mark(p_tenant_id);
    v_after record;
BEGIN
    PERFORM projection.require_page(p_tenant_id, p_limit);
    PERFORM projection.see_to_era(p_tenant_id);
    v_after := projection.feed_place(p_tenant_id, p_after, 'after');
    RETURN QUERY
    SELECT f.event_table, f.id, f.aggregate_id, f.event_type, f.event_data, f."timestamp", f.version, f.metadata,
        f.created_at, f.stored_at, projection.feed_cursor(f.feed_position, f.feed_number, v_mark)
    FROM projection.events_of_tenant(
        p_tenant_id, v_after.feed_position, v_after.feed_number, p_limit, p_types
    ) AS f;
END
$$;

COMMENT ON FUNCTION public.feed(bigint, text, integer, text[]) IS
'The events of a tenant, of all event tables, in an order in which none ever comes before one that was shown: the '
'first p_limit (1000) after the cursor p_after, from the beginning on for null. Go on with the feed_cursor of the '
'last row; no rows means that there is nothing new. Events of a stream come in the order in which they were stored; '
'events of a transaction, and all that were stored later, once all older transactions of the server have ended. With '
'p_types, only events of these types of the next p_limit; if the last of them is of another type, the last row has '
'its cursor and no event, so that it is not read again. Null may be: event_table, id, aggregate_id, event_type, '
'event_data, timestamp, version, metadata, created_at, stored_at. Errors: BL001 bad tenant, cursor or limit, BL006 '
'foreign tenant. Example: SELECT * FROM public.feed(10001).';

REVOKE ALL ON FUNCTION public.feed(bigint, text, integer, text[]) FROM public;

GRANT EXECUTE ON FUNCTION public.feed(bigint, text, integer, text[])
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
