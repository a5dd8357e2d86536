SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.see_to_shard(p_shard_id bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
BEGIN
    PERFORM projection.admit_shard(s.shard)
    FROM (
        SELECT DISTINCT to_regclass(projection.local_table(e.event_table, p_shard_id))::oid AS shard
        FROM projection.registered_types() AS e
    ) AS s
    WHERE s.shard IS NOT NULL AND to_regclass('projection.feed_shard_' || s.shard) IS NULL;
END
$$;

COMMENT ON FUNCTION projection.see_to_shard(bigint) IS
'On a node of Citus: admits a shard and those beside it to the feed of the node, if they are here, so that a reader of '
'a shard that was moved does not wait for its next event. See projection.admit_shard().';

REVOKE ALL ON FUNCTION projection.see_to_shard(bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.see_to_shard(bigint)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
