SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.feed_text(p_condition text, p_shard_id bigint DEFAULT NULL)
RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
    SELECT projection.filled('feed', jsonb_build_object('events', string_agg(
        projection.filled('feed_of_table', jsonb_build_object(
            'name', quote_literal(t.name), 'table', projection.local_table(t.name, p_shard_id),
            'condition', p_condition
        )), E'\nUNION ALL\n' ORDER BY t.name
    )))
    FROM (SELECT DISTINCT e.event_table AS name FROM projection.registered_types() AS e) AS t
$$;

COMMENT ON FUNCTION projection.feed_text(text, bigint) IS
'The query of the events e of all event tables for which a condition holds (it may ask for the tenant $1), after the '
'position $2 and the number $3, at most $4, of the types $5 or of all, in the order of the feed. With a shard, from '
'the shards of its node. Example: SELECT projection.feed_text(''e.tenant_id = $1'').';

REVOKE ALL ON FUNCTION projection.feed_text(text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_text(text, bigint) TO betledger_reader, betledger_operator;
