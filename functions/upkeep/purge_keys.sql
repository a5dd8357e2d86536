SET LOCAL ROLE betledger_owner;

-- No SET clause: with one, a procedure may not commit. So every name has its schema.
CREATE OR REPLACE PROCEDURE projection.purge_keys(
    p_event_table text, p_before timestamptz, p_batch integer, p_shard_id bigint
)
LANGUAGE plpgsql
AS $$
-- The SQL names a table of the catalogue.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_tenant_ids bigint[];
    v_ids uuid[];
    v_total bigint;
    v_purged bigint := 0;
    v_in_batch bigint;
BEGIN
    -- One pass over the index of the keys, which holds all that is asked, and no key that is gone. In the order in
    -- which the events were stored: they lie beside each other.
    FOR v_tenant_ids, v_ids, v_total IN EXECUTE pg_catalog.format(
        'SELECT array_agg(d.tenant_id) AS tenant_ids, array_agg(d.id) AS ids, max(d.total) AS total FROM ('
        || 'SELECT e.tenant_id, e.id, count(*) OVER () AS total,'
        || ' (row_number() OVER (ORDER BY e.created_at) - 1) / $2 AS part'
        || ' FROM %s AS e WHERE e.metadata ->> ''idempotency_key'' IS NOT NULL AND e.created_at < $1'
        || ') AS d GROUP BY d.part ORDER BY d.part', projection.local_table(p_event_table, p_shard_id)
    ) USING p_before, p_batch LOOP
        -- A batch is looked up, however small the table is or was when it was analyzed.
        PERFORM pg_catalog.set_config('enable_seqscan', 'off', true);
        EXECUTE pg_catalog.format(
            'WITH due AS (SELECT e.ctid FROM unnest($1, $2) AS u (tenant_id, id) JOIN %1$s AS e USING '
            '(tenant_id, id)'
            || ' WHERE e.metadata ->> ''idempotency_key'' IS NOT NULL FOR NO KEY UPDATE OF e SKIP LOCKED)'
            || ' UPDATE %1$s AS e SET metadata = e.metadata - ''idempotency_key'' FROM due AS d'
            || ' WHERE e.ctid = d.ctid', projection.local_table(p_event_table, p_shard_id)
        ) USING v_tenant_ids, v_ids;
        GET DIAGNOSTICS v_in_batch = ROW_COUNT;
        v_purged := v_purged + v_in_batch;
        COMMIT;
        RAISE NOTICE '%: % idempotency keys taken out', p_event_table, v_purged
            USING DETAIL = pg_catalog.jsonb_build_object(
                'step', p_event_table, 'done', v_purged, 'total', v_total
            );
    END LOOP;
END
$$;

COMMENT ON PROCEDURE projection.purge_keys(text, timestamptz, integer, bigint) IS -- noqa: LT01
'Takes the idempotency keys of events that were stored before a moment out of an event table, on Citus out of one '
'shard of it, and commits every p_batch keys. Called by ops.purge_idempotency_keys(). Example: CALL '
'projection.purge_keys(''public.bet_events'', now() - interval ''48 hours'', 10000, NULL).';

REVOKE ALL ON PROCEDURE projection.purge_keys(text, timestamptz, integer, bigint) FROM public;

GRANT EXECUTE ON PROCEDURE projection.purge_keys(text, timestamptz, integer, bigint) TO betledger_operator;
