SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.metric_queries()
RETURNS TABLE (name text, kind text, help text, labels text[], on_citus boolean, finds text)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
VALUES

('betledger_table_bytes', 'gauge', 'The size of a table with its indexes.', '{table}'::text[], false, $q$
    SELECT ARRAY[t.name], projection.bytes_of(t.name) FROM projection.ledger_tables() AS t$q$),

('betledger_events_stored_total', 'counter', 'The events stored since the statistics of PostgreSQL were reset.',
'{table}', false, $q$
    SELECT ARRAY[t.name], projection.events_stored(t.name) FROM projection.ledger_tables() AS t
    WHERE t.holds_events$q$),

('betledger_tenants', 'gauge', 'The tenants that have a row in public.tenants.', '{status}', false, $q$
    SELECT ARRAY[t.status], count(*) FROM public.tenants AS t GROUP BY t.status$q$),

('betledger_last_run_timestamp_seconds', 'gauge', 'When a command last ended that was for all tenants.',
'{command}', false, $q$
    SELECT ARRAY[m.command], extract(epoch FROM max(m.finished_at)) FROM ops.maintenance_runs AS m
    WHERE m.only_tenant IS NULL GROUP BY m.command$q$),

('betledger_verify_differences', 'gauge', 'The rows that the last verify of all tenants found to differ.',
'{}', false, $q$
    SELECT '{}'::text[], m.found FROM ops.maintenance_runs AS m WHERE m.command = 'verify' AND m.only_tenant IS NULL
    ORDER BY m.finished_at DESC LIMIT 1$q$),

('betledger_rebuild_due', 'gauge', '1 where the rows of a read table were folded by another definition.',
'{read_table}', false, $q$
    SELECT ARRAY[p.read_table], (NOT p.is_current)::integer FROM ops.projections() AS p$q$),

('betledger_rebuild_done_ratio', 'gauge', 'How far a rebuild is that has not ended, in its present read table.',
'{read_table}', false, $q$
    SELECT ARRAY[r.read_tables[1]], min(coalesce(r.rows_done::float / nullif(r.rows_total, 0), 0))
    FROM ops.rebuilds AS r GROUP BY r.read_tables[1]$q$),

('betledger_consumer_waiting_seconds', 'gauge', 'How long the next event waits for a consumer; 0 where none does.',
'{tenant_id,consumer}', false, $q$
    SELECT ARRAY[c.tenant_id::text, c.name], coalesce(extract(epoch FROM clock_timestamp() - c.waits_since), 0)
    FROM ops.consumers() AS c$q$),

('betledger_feed_held_up_seconds', 'gauge', 'How long the oldest transaction that writes holds up all feeds.',
'{}', false, $q$
    SELECT '{}'::text[], coalesce(extract(epoch FROM clock_timestamp() - min(h.since)), 0)
    FROM projection.writing_transactions() AS h$q$),

('betledger_prepared_transactions', 'gauge', 'The prepared transactions of this database.', '{}', false, $q$
    SELECT '{}'::text[], count(*) FROM pg_prepared_xacts AS x WHERE x.database = current_database()$q$),

('betledger_transaction_id_age', 'gauge', 'The age of the oldest row in transactions; the end is 2147483647.',
'{}', false, $q$
    SELECT '{}'::text[], age(d.datfrozenxid) FROM pg_database AS d WHERE d.datname = current_database()$q$),

('betledger_node_up', 'gauge', '1 where a node of the cluster answers.', '{node}', true, $q$
    SELECT ARRAY[n.node_name || ':' || n.node_port], n.answers::integer FROM ops.nodes() AS n$q$),

('betledger_node_shard_bytes', 'gauge', 'The bytes of the shards of a node.', '{node}', true, $q$
    SELECT ARRAY[n.node_name || ':' || n.node_port], n.bytes FROM ops.nodes() AS n WHERE n.bytes IS NOT NULL$q$)

$$;

COMMENT ON FUNCTION ops.metric_queries() IS
'What ops.metrics() measures: name, kind and meaning of a metric, the names of its labels, whether it is for Citus '
'alone, and the query that gives the values of the labels and the value. Example: SELECT name, help FROM '
'ops.metric_queries().';

REVOKE ALL ON FUNCTION ops.metric_queries() FROM public;

GRANT EXECUTE ON FUNCTION ops.metric_queries() TO betledger_operator;
