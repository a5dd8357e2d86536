SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.feed_of_shard(
    p_shard_id bigint, p_places jsonb, p_limit integer, p_types text[]
)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_shard record;
    v_position bigint;
    v_number bigint;
    v_events jsonb;
BEGIN
    PERFORM projection.see_to_era(p_shard_id => p_shard_id);
    SELECT s.shardminvalue::integer AS lowest, s.shardmaxvalue::integer AS highest INTO v_shard
    FROM pg_catalog.pg_dist_shard AS s WHERE s.shardid = p_shard_id;
    -- A shard that was split off goes on where the one was that it is a part of.
    SELECT (p.place ->> 2)::bigint, (p.place ->> 3)::bigint INTO v_position, v_number
    FROM jsonb_array_elements(p_places) AS p (place)
    WHERE v_shard.lowest BETWEEN (p.place ->> 0)::integer AND (p.place ->> 1)::integer;
    EXECUTE format(
        'SELECT coalesce(jsonb_agg(f), ''[]'') FROM (%s) AS f',
        projection.feed_text('$1 IS NULL', p_types IS NOT NULL, p_shard_id)
    ) INTO v_events
    USING NULL::bigint, coalesce(v_position, 0), coalesce(v_number, 0), p_limit, p_types;
    RETURN jsonb_build_object(
        'lowest', v_shard.lowest, 'highest', v_shard.highest, 'position', coalesce(v_position, 0),
        'number', coalesce(v_number, 0), 'events', v_events
    );
END
$$;

COMMENT ON FUNCTION projection.feed_of_shard(bigint, jsonb, integer, text[]) IS
'On the node of a shard of bet_events: the next events of it and of the shards beside it, after its place among those '
'given ([lowest hash, highest hash, position, number] for each shard). See projection.feed_of_cluster().';

REVOKE ALL ON FUNCTION projection.feed_of_shard(bigint, jsonb, integer, text[]) FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_of_shard(bigint, jsonb, integer, text[])
TO betledger_reader, betledger_operator;
