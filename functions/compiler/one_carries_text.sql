SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_carries_text(
    p_read_table text, p_event_table text, p_new jsonb, p_was jsonb, p_column text, p_values text[],
    p_shard_id bigint
)
RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(string_agg(c.text, E'\n' ORDER BY p.position), '')
    FROM projection.registered_sources() AS s
    JOIN projection.registered_projections() AS p USING (read_table)
    CROSS JOIN LATERAL projection.one_carry_text(
        s.definition, p_event_table, p_new, p_was, p_column, p_values, p_shard_id
    ) AS c (text)
    WHERE s.source_table = p_read_table AND c.text <> ''
$$;

COMMENT ON FUNCTION projection.one_carries_text(text, text, jsonb, jsonb, text, text[], bigint) IS
'The statements that carry one new or changed row on to all read tables above: projection.one_carry_text() for each.';

REVOKE ALL ON FUNCTION projection.one_carries_text(text, text, jsonb, jsonb, text, text[], bigint) FROM public;
