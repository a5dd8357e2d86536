SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.require_feed_cursor(p_tenant_id bigint, p_cursor text, p_argument text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_tenant_id = 0 AND projection.is_distributed('public.bet_events') THEN
        IF p_cursor IS NOT NULL THEN
            PERFORM projection.position_of_page(p_cursor, '"ledger_feed"');
        END IF;
    ELSE
        PERFORM projection.feed_place(p_tenant_id, p_cursor, p_argument);
    END IF;
END
$$;

COMMENT ON FUNCTION projection.require_feed_cursor(bigint, text, text) IS
'Raises BL001 for what is no cursor of public.feed() of this tenant, or with tenant 0 of public.ledger_feed(); null is '
'the beginning.';

REVOKE ALL ON FUNCTION projection.require_feed_cursor(bigint, text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.require_feed_cursor(bigint, text, text)
TO betledger_app, betledger_tenant, betledger_operator;
