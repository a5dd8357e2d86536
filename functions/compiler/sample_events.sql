SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.sample_events(p_event_table text)
RETURNS TABLE (arrives text, aggregate_id text, n integer, event_type text, event_data jsonb, "timestamp" bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH samples AS (
        SELECT t.event_type, c.comes, coalesce(jsonb_object_agg(f.key, CASE f.value
            WHEN 'result' THEN '"win"'
            WHEN 'flag' THEN 'true'
            ELSE coalesce(trim_scale(round(c.comes * 10 + 0.25, n.places))::text, format('"sample %s"', c.comes))
        END::jsonb) FILTER (WHERE f.key IS NOT NULL), '{}') AS event_data
        FROM projection.registered_types() AS t
        -- The second says other values, so that it matters which is the last.
        CROSS JOIN (VALUES (1), (2)) AS c (comes)
        LEFT JOIN LATERAL jsonb_each_text(t.required_fields) AS f ON true
        LEFT JOIN LATERAL projection.number_kind(f.value) AS n ON true
        WHERE t.event_table = p_event_table
        GROUP BY t.event_type, c.comes
    ),
    streams AS (
        SELECT
            a.arrives, format('%s, then %s %s (%s)', x.event_type, y.event_type, o.words, a.arrives) AS name, o.ms,
            x.event_type AS first_type, x.event_data AS first_data,
            y.event_type AS second_type, y.event_data AS second_data
        FROM samples AS x JOIN samples AS y ON x.comes = 1 AND y.comes = 2
        CROSS JOIN (VALUES ('later', 1), ('of the same time', 0), ('that is late', -1)) AS o (words, ms)
        CROSS JOIN (VALUES ('one by one'), ('together'), ('first the first')) AS a (arrives)
    )
    SELECT s.arrives, s.name, e.n, e.event_type,
        -- People of their own, so that a row above that differs names the stream, too.
        e.event_data || CASE WHEN e.event_data ? 'user_id' THEN jsonb_build_object('user_id', s.name) ELSE '{}' END,
        e.at
    FROM streams AS s CROSS JOIN LATERAL (
        VALUES (1, s.first_type, s.first_data, 1000000000000), (2, s.second_type, s.second_data, 1000000000000 + s.ms)
    ) AS e (n, event_type, event_data, at)
$$;

COMMENT ON FUNCTION projection.sample_events(text) IS
'Sample events for projection.prove(): each event type of an event table after each other one, later, at the same '
'time and late; one by one, together, and all that begin before all that follow. Example: SELECT * FROM '
'projection.sample_events(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.sample_events(text) FROM public;
