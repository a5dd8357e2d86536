SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.payload_check(p_event_table text, p_event_type text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(string_agg(
        format(
            CASE WHEN f.required THEN '%1$s'
                ELSE E'(coalesce(jsonb_typeof(%2$s), ''null'') = ''null''\n    OR %1$s)' END,
            projection.field_check(f.kind, f.json, f.text), f.json
        ), E'\nAND ' ORDER BY f.required DESC, f.name
    ), 'true')
    FROM projection.registered_types() AS t
    CROSS JOIN LATERAL (
        SELECT
            k.key AS name, k.value AS kind, k.required,
            format('e.event_data -> %L', k.key) AS json, format('e.event_data ->> %L', k.key) AS text
        FROM (
            SELECT r.key, r.value, true AS required FROM jsonb_each_text(t.required_fields) AS r
            UNION ALL
            SELECT o.key, o.value, false FROM jsonb_each_text(t.optional_fields) AS o
        ) AS k
    ) AS f
    WHERE t.event_table = p_event_table AND t.event_type = p_event_type
$$;

COMMENT ON FUNCTION projection.payload_check(text, text) IS
'The SQL condition that the payload of an event (e) of a type has to meet, made from projection.event_types. '
'Example: SELECT projection.payload_check(''public.bet_events'', ''V1_BETS_BET_PLACED'').';

REVOKE ALL ON FUNCTION projection.payload_check(text, text) FROM public;
