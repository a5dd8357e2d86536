SET LOCAL ROLE betledger_owner;

-- No SET clause: with one, a procedure may not commit. So every name has its schema.
CREATE OR REPLACE PROCEDURE ops.purge_idempotency_keys(
    older_than interval DEFAULT '48 hours', batch integer DEFAULT 10000
)
LANGUAGE plpgsql
AS $$
DECLARE
    v_before timestamptz := pg_catalog.now() - older_than;
    v_event_tables text[] := ARRAY(
        SELECT t.name FROM projection.ledger_tables() AS t WHERE t.holds_events ORDER BY t.name
    );
    v_event_table text;
    v_done integer := 0;
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
    FOREACH v_event_table IN ARRAY v_event_tables LOOP
        IF projection.is_distributed(v_event_table) THEN
            PERFORM projection.on_shards(pg_catalog.format(
                'CALL projection.purge_keys(%L, pg_catalog.to_timestamp(%L), %L, <shard_id>)', v_event_table,
                EXTRACT(epoch FROM v_before), batch
            ), NULL);
            COMMIT;
            v_done := v_done + 1;
            RAISE NOTICE 'the keys of % are taken out', v_event_table
                USING DETAIL = pg_catalog.jsonb_build_object(
                    'step', 'event tables', 'done', v_done, 'total', pg_catalog.cardinality(v_event_tables)
                );
        ELSE
            CALL projection.purge_keys(v_event_table, v_before, batch, NULL);
        END IF;
    END LOOP;
    PERFORM ops.record_run('purge');
END
$$;

COMMENT ON PROCEDURE ops.purge_idempotency_keys(interval, integer) IS -- noqa: LT01
'Takes idempotency keys that are older than an age out of all event tables and read tables, and commits every batch '
'keys. Runs beside writers; may be stopped at any time and run again. On Citus all shards are purged at the same '
'time, each on its node. Errors: BL001 bad age or batch, BL032 a shard failed. Example: '
'CALL ops.purge_idempotency_keys(''48 hours'', 10000).';

REVOKE ALL ON PROCEDURE ops.purge_idempotency_keys(interval, integer) FROM public;

GRANT EXECUTE ON PROCEDURE ops.purge_idempotency_keys(interval, integer) TO betledger_operator;
