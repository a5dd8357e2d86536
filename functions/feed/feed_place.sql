SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.feed_place(
    p_tenant_id bigint, p_cursor text, p_argument text, OUT feed_position bigint, OUT feed_number bigint
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_parts text[] := regexp_match(p_cursor, '^([0-9a-f]{16})([0-9a-f]{16})([0-9a-f]{8})$');
BEGIN
    IF p_cursor IS NULL THEN
        feed_position := 0;
        feed_number := 0;
        RETURN;
    END IF;
    IF v_parts[3] IS DISTINCT FROM projection.feed_mark(p_tenant_id) THEN
        PERFORM projection.refuse_argument(
            p_argument, quote_literal(left(p_cursor, 100)),
            'Send the cursor of an event of this feed and tenant, or null for the beginning.'
        );
    END IF;
    feed_position := ('x' || v_parts[1])::bit(64)::bigint;
    feed_number := ('x' || v_parts[2])::bit(64)::bigint;
END
$$;

COMMENT ON FUNCTION projection.feed_place(bigint, text, text) IS
'The place in the feed that a cursor of public.feed() means, or with tenant 0 of public.ledger_feed(); the beginning '
'for null. Error: BL001 no cursor of this feed; it names the argument. Example: SELECT * FROM '
'projection.feed_place(10001, NULL, ''after'').';

REVOKE ALL ON FUNCTION projection.feed_place(bigint, text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_place(bigint, text, text)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
