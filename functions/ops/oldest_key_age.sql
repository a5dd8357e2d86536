SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.oldest_key_age(p_event_table text)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_hours integer;
BEGIN
    EXECUTE format(
        'SELECT extract(epoch FROM now() - min(e.created_at))::bigint / 3600 FROM %s AS e '
        'WHERE e.metadata ->> ''idempotency_key'' IS NOT NULL',
        p_event_table::regclass
    ) INTO v_hours;
    RETURN v_hours;
END
$$;

COMMENT ON FUNCTION projection.oldest_key_age(text) IS
'The age, in hours, of the oldest idempotency key of an event table; NULL without a key. Example: SELECT '
'projection.oldest_key_age(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.oldest_key_age(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.oldest_key_age(text) TO betledger_operator;
