SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.consumers()
RETURNS TABLE (tenant_id bigint, name text, advanced_at timestamptz, waits_since timestamptz)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
DECLARE
    v_consumer record;
BEGIN
    FOR v_consumer IN
        SELECT c.tenant_id, c.name, c.feed_cursor, c.advanced_at FROM public.consumers AS c
        ORDER BY c.tenant_id, c.name
    LOOP
        tenant_id := v_consumer.tenant_id;
        name := v_consumer.name;
        advanced_at := v_consumer.advanced_at;
        waits_since := NULL;
        IF tenant_id = 0 THEN
            SELECT f.stored_at INTO waits_since FROM public.ledger_feed(v_consumer.feed_cursor, 1) AS f;
        ELSE
            SELECT f.stored_at INTO waits_since FROM public.feed(tenant_id, v_consumer.feed_cursor, 1) AS f;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

COMMENT ON FUNCTION ops.consumers() IS
'The consumers of feeds: of which tenant (0: of the ledger), when each was moved last, and since when the next event '
'waits for it; null for one that has seen all. Null may be: waits_since. Example: SELECT c.name, now() - '
'c.waits_since AS lag FROM ops.consumers() AS c ORDER BY c.waits_since.';

REVOKE ALL ON FUNCTION ops.consumers() FROM public;

GRANT EXECUTE ON FUNCTION ops.consumers() TO betledger_operator;
