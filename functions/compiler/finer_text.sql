SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.finer_text(p_event_table text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(format('(%s)', string_agg(
        format(
            'e.event_type = %L AND projection.places(e.event_data ->> %L) > $2', t.event_type, f.key
        ), ' OR ' ORDER BY t.event_type, f.key
    )), 'false')
    FROM projection.registered_types() AS t
    CROSS JOIN LATERAL jsonb_each_text(t.required_fields || t.optional_fields) AS f
    WHERE t.event_table = p_event_table AND f.value ~ '^(amount|payout)'
$$;

COMMENT ON FUNCTION projection.finer_text(text) IS
'The SQL condition that an amount of an event (e) has more decimals than $2. Odds are no amount. Example: SELECT '
'projection.finer_text(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.finer_text(text) FROM public;
