SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.guard_text(p_event_table text, p_of_one boolean, p_shard_id bigint)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_is_foreign text;
BEGIN
    IF p_shard_id IS NULL THEN
        RETURN '';
    END IF;
    SELECT format('pg_catalog.worker_hash(e.tenant_id) NOT BETWEEN %s AND %s', s.shardminvalue, s.shardmaxvalue)
    INTO v_is_foreign
    FROM pg_catalog.pg_dist_shard AS s WHERE s.shardid = p_shard_id;
    IF NOT p_of_one THEN
        v_is_foreign := format('EXISTS (SELECT FROM unnest(p_events) AS e WHERE %s)', v_is_foreign);
    END IF;
    RETURN projection.filled('guard', jsonb_build_object('is_foreign', v_is_foreign, 'hint', quote_literal(
        format('Insert into %s, not into a shard of it.', p_event_table)
    )));
END
$$;

COMMENT ON FUNCTION projection.guard_text(text, boolean, bigint) IS
'For a shard: the statement that refuses tenants of other shards (BL033). Keys are unique within a shard: who names '
'one himself must not put a tenant where its keys are not known. Empty on plain PostgreSQL.';

REVOKE ALL ON FUNCTION projection.guard_text(text, boolean, bigint) FROM public;
