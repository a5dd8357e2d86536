SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.keys_texts(p_read_table text, p_template text, p_shard_id bigint)
RETURNS SETOF text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT projection.filled(p_template, jsonb_build_object('key', s.key, 'source', s.source))
    FROM (
        SELECT projection.local_table(s.source_table, p_shard_id) AS source,
            (projection.event_key(s.definition, ''))[2] AS key
        FROM projection.registered_sources() AS s WHERE s.read_table = p_read_table
        UNION ALL
        SELECT projection.local_table(p_read_table, p_shard_id), format('e.%I', p.key_columns[2])
        FROM projection.registered_projections() AS p WHERE p.read_table = p_read_table
    ) AS s
$$;

COMMENT ON FUNCTION projection.keys_texts(text, text, bigint) IS
'The queries that give keys that a read table has or should have, of each of its sources and of itself: by keys_of the '
'next ones, in order, by keys_sampled some at random. Example: SELECT projection.keys_texts(''public.bets_view'', '
'''keys_of'', NULL).';

REVOKE ALL ON FUNCTION projection.keys_texts(text, text, bigint) FROM public;
