SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.health_checks()
RETURNS TABLE (check_name text, on_citus boolean, finds text, remedy text)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
VALUES

('events are checked and projected', false, $q$
    SELECT format('trigger %s of %s is missing or disabled', expected.name, t.name)
    FROM projection.ledger_tables() AS t
    CROSS JOIN unnest(
        '{refuse_malformed,project_inserted,project_key_removed,guard_event,guard_truncate}'::text[]
    ) AS expected (name)
    WHERE t.holds_events AND NOT EXISTS (
        SELECT FROM pg_trigger AS g
        WHERE g.tgrelid = t.name::regclass AND g.tgname = expected.name AND g.tgenabled IN ('O', 'A')
    )$q$,
'Look for what was written meanwhile (betledger verify), then ALTER TABLE ... ENABLE TRIGGER, '
'or CREATE it as its file in triggers/ does.'),

('read tables are folded by their definition', false, $q$
    SELECT format('%s was folded by another definition', p.read_table) FROM ops.projections() AS p
    WHERE NOT p.is_current$q$,
'Run betledger rebuild with the name of the read table: it folds all rows by the definition that is there now.'),

('tenants are walled off', false, $q$
    SELECT format('%s has no row-level security%s', t.name, w.what)
    FROM projection.ledger_tables() AS t
    JOIN pg_class AS c ON c.oid = t.name::regclass
    CROSS JOIN LATERAL (
        VALUES ('', c.relrowsecurity),
            (' for its owner', c.relforcerowsecurity OR projection.is_distributed(t.name)),
            (' policy own_tenant', EXISTS (
                SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND starts_with(p.polname::text, 'own_tenant')
            ))
    ) AS w (what, holds)
    WHERE NOT w.holds$q$,
'ALTER TABLE ... ENABLE and FORCE ROW LEVEL SECURITY; make the policy as the file of the table in schema/ does.'),

('no login passes the walls', false, $q$
    SELECT format('%s is a member of %s and %s', m.rolname, g.rolname, w.what)
    FROM pg_auth_members AS a
    JOIN pg_roles AS m ON m.oid = a.member
    JOIN pg_roles AS g ON g.oid = a.roleid
        AND g.rolname IN ('betledger_tenant', 'betledger_app', 'betledger_reader', 'betledger_operator')
    CROSS JOIN LATERAL (
        VALUES ('a superuser', m.rolsuper), ('has BYPASSRLS', m.rolbypassrls AND NOT m.rolsuper),
            ('sees all tenants as another group', g.rolname = 'betledger_tenant' AND EXISTS (
                SELECT FROM unnest(
                    '{betledger_owner,betledger_app,betledger_reader,betledger_operator}'::text[]
                ) AS o (name)
                WHERE pg_has_role(m.oid, o.name, 'MEMBER')
            ) AND NOT m.rolsuper)
    ) AS w (what, holds)
    WHERE w.holds$q$,
'ALTER ROLE ... NOSUPERUSER NOBYPASSRLS; REVOKE the group that is too much; give people a login of their own.'),

('everything belongs to betledger_owner', false, $q$
    SELECT format('%s belongs to %s', t.name, pg_get_userbyid(c.relowner))
    FROM projection.ledger_tables() AS t JOIN pg_class AS c ON c.oid = t.name::regclass
    WHERE pg_get_userbyid(c.relowner) <> 'betledger_owner'$q$,
'ALTER TABLE ... OWNER TO betledger_owner.'),

('indexes are valid', false, $q$
    SELECT format('%s of %s was left unfinished', i.indexrelid::regclass, i.indrelid::regclass)
    FROM projection.ledger_tables() AS t JOIN pg_index AS i ON i.indrelid = t.name::regclass
    WHERE NOT (i.indisvalid AND i.indisready)$q$,
'REINDEX INDEX CONCURRENTLY ..., or DROP INDEX CONCURRENTLY what is named ..._ccnew or ..._ccold.'),

('idempotency keys are purged', false, $q$
    SELECT format('%s has a key that is %s hours old', t.name, k.age)
    FROM projection.ledger_tables() AS t
    CROSS JOIN LATERAL (SELECT projection.oldest_key_age(t.name) AS age) AS k
    WHERE t.holds_events AND k.age > 72$q$,
'Run betledger purge from a scheduler, every hour.'),

('commits survive a crash', false, $q$
    SELECT format('%s is %s', s.name, s.setting) FROM pg_settings AS s
    WHERE s.name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND s.setting = 'off'$q$,
'Switch it on with ALTER SYSTEM, unless this server is a toy: what was acknowledged can be lost.'),

('no prepared transaction is forgotten', false, $q$
    SELECT format('%s of %s is open since %s', x.gid, x.owner, x.prepared) FROM pg_prepared_xacts AS x
    WHERE x.database = current_database() AND x.prepared < now() - interval '5 minutes'$q$,
'SELECT recover_prepared_transactions() on a Citus coordinator; else ROLLBACK PREPARED, or COMMIT PREPARED, '
'after a look at it.'),

('no transaction holds others up', false, $q$
    SELECT format('pid %s of %s is in one transaction since %s', a.pid, a.usename, a.xact_start)
    FROM pg_stat_activity AS a
    WHERE a.datname = current_database() AND a.xact_start < now() - interval '1 hour' AND a.pid <> pg_backend_pid()
        AND a.backend_type = 'client backend'$q$,
'SELECT pg_terminate_backend(pid); set idle_in_transaction_session_timeout for that login.'),

('transaction numbers do not run out', false, $q$
    SELECT format('the oldest row of database %s is %s transactions old', d.datname, age(d.datfrozenxid))
    FROM pg_database AS d
    WHERE d.datname = current_database() AND age(d.datfrozenxid) > 1000000000$q$,
'VACUUM FREEZE the largest tables; look for what stops autovacuum: old transactions, replication slots, '
'prepared transactions.'),

('workers answer', true, $q$
    SELECT format('%s:%s does not answer', n.nodename, n.nodeport) FROM pg_catalog.pg_dist_node AS n
    WHERE n.noderole = 'primary' AND n.isactive
        AND NOT pg_catalog.citus_check_connection_to_node(n.nodename, n.nodeport)$q$,
'Start PostgreSQL there, or promote its standby and SELECT citus_update_node(...). '
'Its tenants cannot read or write until then.'),

('workers are active', true, $q$
    SELECT format('%s:%s is %s', n.nodename, n.nodeport,
        CASE WHEN n.isactive THEN 'without the metadata' ELSE 'switched off' END)
    FROM pg_catalog.pg_dist_node AS n
    WHERE n.noderole = 'primary' AND n.groupid <> 0 AND NOT (n.isactive AND n.hasmetadata AND n.metadatasynced)$q$,
'SELECT citus_activate_node(host, port); and start_metadata_sync_to_node(host, port).'),

('all nodes run the same Citus', true, $q$
    SELECT format('%s:%s has %s', n.nodename, n.nodeport, v.result)
    FROM pg_catalog.run_command_on_all_nodes(
        'SELECT extversion FROM pg_catalog.pg_extension WHERE extname = ''citus'''
    ) AS v
    JOIN pg_catalog.pg_dist_node AS n ON n.nodeid = v.nodeid
    WHERE v.result <> (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'citus')$q$,
'ALTER EXTENSION citus UPDATE on that node, after its package has been upgraded.'),

('tables are distributed by tenant', true, $q$
    SELECT format('%s is %s', t.name, coalesce(
        'distributed by ' || pg_catalog.column_to_column_name(d.logicalrelid, d.partkey), 'not distributed'
    ))
    FROM projection.ledger_tables() AS t
    LEFT JOIN pg_catalog.pg_dist_partition AS d ON d.logicalrelid = t.name::regclass
    WHERE d.partmethod IS DISTINCT FROM 'h'
        OR pg_catalog.column_to_column_name(d.logicalrelid, d.partkey) <> 'tenant_id'$q$,
'Run betledger distribute; SELECT alter_distributed_table(table, distribution_column := ''tenant_id'') '
'where the column is wrong.'),

('tables are co-located', true, $q$
    SELECT format('%s is not co-located with public.bet_events', t.name)
    FROM projection.ledger_tables() AS t
    JOIN pg_catalog.pg_dist_partition AS d ON d.logicalrelid = t.name::regclass AND d.partmethod = 'h'
    WHERE d.colocationid <> (
        SELECT b.colocationid FROM pg_catalog.pg_dist_partition AS b
        WHERE b.logicalrelid = 'public.bet_events'::regclass
    )$q$,
'SELECT update_distributed_table_colocation(table, ''bet_events''), where shards match; '
'else alter_distributed_table(table, colocate_with := ''bet_events'').'),

('every node has the facts', true, $q$
    SELECT format('%s is no reference table', f.name)
    FROM unnest(
        '{projection.event_types,projection.projections,projection.sources,ops.maintenance_runs}'::text[]
    ) AS f (name)
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_dist_partition AS d WHERE d.logicalrelid = f.name::regclass AND d.repmodel = 't'
    )$q$,
'Run betledger distribute; after citus_add_node also SELECT replicate_reference_tables().'),

('functions run on the node of their tenant', true, $q$
    SELECT format('%s runs on the coordinator', p.oid::regprocedure)
    FROM pg_proc AS p
    WHERE p.pronamespace = 'public'::regnamespace AND p.proargnames[1] = 'p_tenant_id'
        AND pg_get_userbyid(p.proowner) = 'betledger_owner'
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_dist_object AS o
            WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid AND o.distribution_argument_index IS NOT NULL
        )$q$,
'Run betledger distribute.'),

('every shard has its triggers and walls', true, $q$
    SELECT s FROM ops.shard_findings() AS s$q$,
'On the node of the shard, as its owner: enable or make again what is missing, as on another shard of the table; '
'then betledger verify.'),

('tenants reach their node', true, $q$
    SELECT format('login %s keeps SET LOCAL app.tenant_id to the coordinator: it sees no rows', m.rolname)
    FROM pg_auth_members AS a JOIN pg_roles AS m ON m.oid = a.member AND m.rolcanlogin
    WHERE a.roleid = 'betledger_tenant'::regrole
        AND 'citus.propagate_set_commands=local' <> ALL (coalesce(m.rolconfig, '{}'))
        AND current_setting('citus.propagate_set_commands', true) IS DISTINCT FROM 'local'$q$,
'ALTER ROLE ... SET citus.propagate_set_commands = ''local''.'),

('nodes hold like shares', true, $q$
    SELECT format('%s:%s holds %s shards with %s, and the average is %s', n.node_name, n.node_port, n.shards,
        pg_size_pretty(coalesce(n.bytes, 0)), pg_size_pretty(round(a.bytes)))
    FROM ops.nodes() AS n
    JOIN pg_catalog.pg_dist_node AS d ON d.nodename = n.node_name AND d.nodeport = n.node_port AND d.shouldhaveshards
    CROSS JOIN (SELECT avg(o.bytes) AS bytes FROM ops.nodes() AS o WHERE o.shards > 0) AS a
    WHERE n.answers AND (n.shards = 0 OR n.bytes > 1.3 * a.bytes + 100 * 1024 ^ 2)$q$,
'SELECT citus_rebalance_start(), in a quiet hour, then citus_rebalance_status(); '
'betledger tenant list names large tenants.'),

('nothing is left of moves', true, $q$
    -- 2: dropped by the daemon in a moment.
    SELECT format('%s is left of a move that failed', c.object_name)
    FROM pg_catalog.pg_dist_cleanup AS c WHERE c.policy_type <> 2$q$,
'CALL citus_cleanup_orphaned_resources(), when no move is under way.'),

('shards can move online', true, $q$
    SELECT format('wal_level is %s on %s:%s', w.result, n.nodename, n.nodeport)
    FROM pg_catalog.run_command_on_all_nodes('SHOW wal_level') AS w
    JOIN pg_catalog.pg_dist_node AS n ON n.nodeid = w.nodeid
    WHERE w.success AND w.result <> 'logical'$q$,
'ALTER SYSTEM SET wal_level = ''logical'' on that node, and restart it.')

$$;

COMMENT ON FUNCTION ops.health_checks() IS
'The checks of ops.doctor(): a name that says what is good, whether it is for Citus alone, the query that gives a '
'line of text for each thing that is not, and the remedy. Example: SELECT check_name, remedy FROM ops.health_checks().';

REVOKE ALL ON FUNCTION ops.health_checks() FROM public;

GRANT EXECUTE ON FUNCTION ops.health_checks() TO betledger_operator;
