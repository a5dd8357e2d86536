SET LOCAL ROLE betledger_owner;

-- One operator over a path costs a fraction of the dozens that say the same in SQL: each transaction prepares them
-- anew.
CREATE OR REPLACE FUNCTION projection.usual_check(p_event_table text, p_event_type text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT concat_ws(
        E'\n    AND ',
        -- It is null where a field is missing or of another type: then the rest must not be looked at.
        format('(e.event_data @@ %L) IS TRUE', 'strict ' || coalesce(projection.joined(array_agg(
            replace(CASE f.value
                WHEN 'identifier' THEN '*.type() == "string" && * != ""'
                WHEN 'text' THEN '*.type() == "string"'
                WHEN 'result' THEN '(* == "win" || * == "loss" || * == "void")'
                WHEN 'flag' THEN '*.type() == "boolean"'
                ELSE format('* %s && * < 1e20', n.bound)
            END, '*', '$.' || to_json(f.key)) ORDER BY f.key
        ) FILTER (WHERE f.key IS NOT NULL), ' &&'), '$.type() == "object"')),
        string_agg(
            format('scale((e.event_data -> %L)::numeric) <= %s', f.key, n.places), E'\n    AND ' ORDER BY f.key
        ) FILTER (WHERE n.bound IS NOT NULL),
        CASE WHEN t.optional_fields <> '{}' THEN format('NOT e.event_data ?| %L', ARRAY(
            SELECT k FROM jsonb_object_keys(t.optional_fields) AS k ORDER BY k
        )) END
    )
    FROM projection.registered_types() AS t
    LEFT JOIN LATERAL jsonb_each_text(t.required_fields) AS f ON true
    LEFT JOIN LATERAL projection.number_kind(f.value) AS n ON true
    WHERE t.event_table = p_event_table AND t.event_type = p_event_type
    GROUP BY t.optional_fields
$$;

COMMENT ON FUNCTION projection.usual_check(text, text) IS
'A condition that the payload of a usual event (e) of a type meets, and that costs less than '
'projection.payload_check(): it is so small that no string in it is too long, its numbers are JSON numbers, and '
'optional fields are not there. Whatever meets it meets the other. Example: SELECT '
'projection.usual_check(''public.bet_events'', ''V1_BETS_BET_PLACED'').';

REVOKE ALL ON FUNCTION projection.usual_check(text, text) FROM public;
