SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.reset_consumer(p_tenant_id bigint, p_name text, p_to text DEFAULT NULL)
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
    PERFORM projection.require_feed_cursor(p_tenant_id, p_to, 'to');
    UPDATE public.consumers AS c SET feed_cursor = p_to, advanced_at = v_now
    WHERE c.tenant_id = p_tenant_id AND c.name = p_name;
    IF NOT FOUND THEN
        INSERT INTO public.consumers (tenant_id, name, feed_cursor, advanced_at)
        VALUES (p_tenant_id, p_name, p_to, v_now)
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            PERFORM projection.refuse_race('public.consumers');
        END IF;
    END IF;
END
$$;

COMMENT ON FUNCTION public.reset_consumer(bigint, text, text) IS
'Sets a consumer to a cursor, or to the beginning, wherever it was. What it makes of the events that it reads again is '
'its own affair. Errors: BL001 bad name or cursor, BL006 foreign tenant, 40001 made at the same moment. Example: '
'SELECT public.reset_consumer(10001, ''warehouse'').';

REVOKE ALL ON FUNCTION public.reset_consumer(bigint, text, text) FROM public;

GRANT EXECUTE ON FUNCTION public.reset_consumer(bigint, text, text)
TO betledger_app, betledger_tenant, betledger_operator;
