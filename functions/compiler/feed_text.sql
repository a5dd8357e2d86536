SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.feed_text(
    p_condition text, p_of_types boolean, p_shard_id bigint DEFAULT NULL
)
RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
    WITH feed AS (
        SELECT projection.filled('feed', jsonb_build_object('events', string_agg(
            projection.filled('feed_of_table', jsonb_build_object(
                'name', quote_literal(t.name), 'table', projection.local_table(t.name, p_shard_id),
                'condition', p_condition
            )), E'\nUNION ALL\n' ORDER BY t.name
        ))) AS text
        FROM (SELECT DISTINCT e.event_table AS name FROM projection.registered_types() AS e) AS t
    )
    SELECT CASE WHEN p_of_types THEN projection.filled('feed_of_types', jsonb_build_object('feed', f.text))
        ELSE f.text END
    FROM feed AS f
$$;

COMMENT ON FUNCTION projection.feed_text(text, boolean, bigint) IS
'The query of the events e of all event tables for which a condition holds (it may ask for the tenant $1), after the '
'position $2 and the number $3, at most $4, of all types or of $5, in the order of the feed. With a shard, from the '
'shards of its node. Example: SELECT projection.feed_text(''e.tenant_id = $1'', false).';

REVOKE ALL ON FUNCTION projection.feed_text(text, boolean, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_text(text, boolean, bigint) TO betledger_reader, betledger_operator;
