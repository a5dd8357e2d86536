SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.advance_consumer(p_tenant_id bigint, p_name text, p_from text, p_to text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    -- Citus takes no volatile function in an UPDATE.
    v_now timestamptz := clock_timestamp();
BEGIN
    PERFORM projection.require_consumer(p_tenant_id, p_name);
    IF p_to IS NULL THEN
        PERFORM projection.refuse_argument('to', NULL, 'Send the feed_cursor of the last event that was dealt with.');
    END IF;
    PERFORM projection.require_feed_cursor(p_tenant_id, p_from, 'from');
    PERFORM projection.require_feed_cursor(p_tenant_id, p_to, 'to');
    UPDATE public.consumers AS c SET feed_cursor = p_to, advanced_at = v_now
    WHERE c.tenant_id = p_tenant_id AND c.name = p_name AND c.feed_cursor IS NOT DISTINCT FROM p_from;
    IF NOT FOUND AND p_from IS NULL THEN
        INSERT INTO public.consumers (tenant_id, name, feed_cursor, advanced_at)
        VALUES (p_tenant_id, p_name, p_to, v_now)
        ON CONFLICT DO NOTHING;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'consumer % of tenant % is not where this session has read from',
            quote_literal(left(p_name, 100)), p_tenant_id
            USING ERRCODE = 'serialization_failure',
            HINT = 'Another session has moved it meanwhile. Roll back, read its feed_cursor, and go on from there.';
    END IF;
END
$$;

COMMENT ON FUNCTION public.advance_consumer(bigint, text, text, text) IS
'Moves a consumer of public.feed() from one cursor (null: it begins) to another, in the transaction in which it keeps '
'what it made of the events between: then each event counts once, however often the consumer dies. Of two sessions '
'that go on from the same place one is refused. With tenant 0 a consumer of public.ledger_feed(). Null may be: '
'p_from. Errors: 40001 it is not at p_from: read again; BL001 bad name or cursor; BL006 foreign tenant. Example: '
'SELECT public.advance_consumer(10001, ''warehouse'', NULL, max(f.feed_cursor)) FROM public.feed(10001) AS f HAVING '
'count(*) > 0.';

REVOKE ALL ON FUNCTION public.advance_consumer(bigint, text, text, text) FROM public;

GRANT EXECUTE ON FUNCTION public.advance_consumer(bigint, text, text, text)
TO betledger_app, betledger_tenant, betledger_operator;
