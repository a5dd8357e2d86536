SET LOCAL ROLE betledger_owner;

-- No SET clause: with one, a procedure may not commit. So every name has its schema.
CREATE OR REPLACE PROCEDURE ops.purge_idempotency_keys(
    older_than interval DEFAULT '48 hours', batch integer DEFAULT 10000, p_shard_id bigint DEFAULT NULL
)
LANGUAGE plpgsql
AS $$
-- The SQL names a table of the catalogue.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_before timestamptz := pg_catalog.now() - older_than;
    v_event_table text;
    v_tenant_ids bigint[];
    v_ids uuid[];
    v_total bigint;
    v_purged bigint;
    v_in_batch bigint;
BEGIN
    IF older_than IS NULL OR older_than < '0' THEN
        PERFORM projection.refuse_argument(
            'older_than', older_than::text,
            'Send the age from which keys are to go, such as interval ''48 hours''.'
        );
    END IF;
    IF batch IS NULL OR batch < 1 THEN
        PERFORM projection.refuse_argument(
            'batch', batch::text, 'Send the number of keys to take out between two commits, 1 or more.'
        );
    END IF;
    IF p_shard_id IS NULL AND projection.is_distributed('public.bet_events') THEN
        PERFORM projection.on_shards(
            pg_catalog.format('CALL ops.purge_idempotency_keys(%L, %L, <shard_id>)', older_than, batch), NULL
        );
        PERFORM ops.record_run('purge');
        RETURN;
    END IF;
    FOR v_event_table IN SELECT DISTINCT t.event_table FROM projection.event_types AS t ORDER BY t.event_table LOOP
        v_purged := 0;
        -- One pass over the index of the keys, which holds all that is asked, and no key that is gone. In the order in
        -- which the events were stored: they lie beside each other.
        FOR v_tenant_ids, v_ids, v_total IN EXECUTE pg_catalog.format(
            'SELECT array_agg(d.tenant_id) AS tenant_ids, array_agg(d.id) AS ids, max(d.total) AS total FROM ('
            || 'SELECT e.tenant_id, e.id, count(*) OVER () AS total,'
            || ' (row_number() OVER (ORDER BY e.created_at) - 1) / $2 AS part'
            || ' FROM %s AS e WHERE e.metadata ->> ''idempotency_key'' IS NOT NULL AND e.created_at < $1'
            || ') AS d GROUP BY d.part ORDER BY d.part', projection.local_table(v_event_table, p_shard_id)
        ) USING v_before, batch LOOP
            -- A batch is looked up, however small the table is or was when it was analyzed.
            PERFORM pg_catalog.set_config('enable_seqscan', 'off', true);
            EXECUTE pg_catalog.format(
                'WITH due AS (SELECT e.ctid FROM unnest($1, $2) AS u (tenant_id, id) JOIN %1$s AS e USING '
                '(tenant_id, id)'
                || ' WHERE e.metadata ->> ''idempotency_key'' IS NOT NULL FOR NO KEY UPDATE OF e SKIP LOCKED)'
                || ' UPDATE %1$s AS e SET metadata = e.metadata - ''idempotency_key'' FROM due AS d'
                || ' WHERE e.ctid = d.ctid', projection.local_table(v_event_table, p_shard_id)
            ) USING v_tenant_ids, v_ids;
            GET DIAGNOSTICS v_in_batch = ROW_COUNT;
            v_purged := v_purged + v_in_batch;
            COMMIT;
            RAISE NOTICE '%: % idempotency keys taken out', v_event_table, v_purged
                USING DETAIL = pg_catalog.jsonb_build_object(
                    'step', v_event_table, 'done', v_purged, 'total', v_total
                );
        END LOOP;
    END LOOP;
    IF p_shard_id IS NULL THEN
        PERFORM ops.record_run('purge');
    END IF;
END
$$;

COMMENT ON PROCEDURE ops.purge_idempotency_keys(interval, integer, bigint) IS -- noqa: LT01
'Takes idempotency keys that are older than an age out of all event tables and read tables, and commits every batch '
'keys. Runs beside writers; may be stopped at any time and run again. On Citus all shards are purged at the same '
'time, each on its node (by a call with p_shard_id). Errors: BL001 bad age or batch, BL032 a shard failed. Example: '
'CALL ops.purge_idempotency_keys(''48 hours'', 10000).';

REVOKE ALL ON PROCEDURE ops.purge_idempotency_keys(interval, integer, bigint) FROM public;

GRANT EXECUTE ON PROCEDURE ops.purge_idempotency_keys(interval, integer, bigint) TO betledger_operator;
