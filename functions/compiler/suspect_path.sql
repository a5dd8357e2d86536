SET LOCAL ROLE betledger_owner;

-- One operator over a path, as in projection.usual_check(): to prepare the same in SQL costs ten times as much.
CREATE OR REPLACE FUNCTION projection.suspect_path(p_event_table text, p_event_type text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT concat_ws(E'\n    || ', '$open != true', string_agg(
        format('exists($.%s ? (@ %% $unit != 0 || @.type() == "string"))', to_json(f.name)), E'\n    || '
        ORDER BY f.name
    ))
    FROM (
        SELECT DISTINCT a.key AS name
        FROM projection.registered_types() AS t
        CROSS JOIN LATERAL jsonb_each_text(t.required_fields || t.optional_fields) AS a
        WHERE t.event_table = p_event_table AND t.event_type = coalesce(p_event_type, t.event_type)
            AND a.value ~ '^(amount|payout)'
    ) AS f
$$;

COMMENT ON FUNCTION projection.suspect_path(text, text) IS
'The jsonpath that tells, with the limits of a tenant, which payloads projection.refuse_tenant() has to look at: of a '
'tenant that may not write, with an amount of more decimals than its scale, or with one that is text. Of one type of '
'events, or of any. Example: SELECT projection.suspect_path(''public.bet_events'', NULL).';

REVOKE ALL ON FUNCTION projection.suspect_path(text, text) FROM public;
