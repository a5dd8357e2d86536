SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.cluster_checks()
RETURNS TABLE (check_name text, finds text, remedy text)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
VALUES

('workers answer', $q$
    SELECT format('%s:%s does not answer', n.nodename, n.nodeport) FROM pg_catalog.pg_dist_node AS n
    WHERE n.noderole = 'primary' AND n.isactive
        AND NOT pg_catalog.citus_check_connection_to_node(n.nodename, n.nodeport)$q$,
'Start PostgreSQL there, or promote its standby and SELECT citus_update_node(...). '
'Its tenants cannot read or write until then.'),

('workers are active', $q$
    SELECT format('%s:%s is %s', n.nodename, n.nodeport,
        CASE WHEN n.isactive THEN 'without the metadata' ELSE 'switched off' END)
    FROM pg_catalog.pg_dist_node AS n
    WHERE n.noderole = 'primary' AND n.groupid <> 0 AND NOT (n.isactive AND n.hasmetadata AND n.metadatasynced)$q$,
'SELECT citus_activate_node(host, port); and start_metadata_sync_to_node(host, port).'),

('all nodes run the same Citus', $q$
    SELECT format('%s:%s has %s', n.nodename, n.nodeport, v.result)
    FROM pg_catalog.run_command_on_all_nodes(
        'SELECT extversion FROM pg_catalog.pg_extension WHERE extname = ''citus'''
    ) AS v
    JOIN pg_catalog.pg_dist_node AS n ON n.nodeid = v.nodeid
    WHERE v.result <> (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'citus')$q$,
'ALTER EXTENSION citus UPDATE on that node, after its package has been upgraded.'),

('tables are distributed by tenant', $q$
    SELECT format('%s is %s', t.name, coalesce(
        'distributed by ' || pg_catalog.column_to_column_name(d.logicalrelid, d.partkey), 'not distributed'
    ))
    FROM projection.ledger_tables() AS t
    LEFT JOIN pg_catalog.pg_dist_partition AS d ON d.logicalrelid = t.name::regclass
    WHERE d.partmethod IS DISTINCT FROM 'h'
        OR pg_catalog.column_to_column_name(d.logicalrelid, d.partkey) <> 'tenant_id'$q$,
'Run betledger distribute; SELECT alter_distributed_table(table, distribution_column := ''tenant_id'') '
'where the column is wrong.'),

('tables are co-located', $q$
    SELECT format('%s is not co-located with public.bet_events', t.name)
    FROM projection.ledger_tables() AS t
    JOIN pg_catalog.pg_dist_partition AS d ON d.logicalrelid = t.name::regclass AND d.partmethod = 'h'
    WHERE d.colocationid <> (
        SELECT b.colocationid FROM pg_catalog.pg_dist_partition AS b
        WHERE b.logicalrelid = 'public.bet_events'::regclass
    )$q$,
'SELECT update_distributed_table_colocation(table, ''bet_events''), where shards match; '
'else alter_distributed_table(table, colocate_with := ''bet_events'').'),

('every node has the facts', $q$
    SELECT format('%s is no reference table', f.name)
    FROM unnest(
        '{projection.event_types,projection.projections,projection.sources,ops.maintenance_runs}'::text[]
    ) AS f (name)
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_dist_partition AS d WHERE d.logicalrelid = f.name::regclass AND d.repmodel = 't'
    )$q$,
'Run betledger distribute; after citus_add_node also SELECT replicate_reference_tables().'),

('functions run on the node of their tenant', $q$
    SELECT format('%s runs on the coordinator', p.oid::regprocedure)
    FROM pg_proc AS p
    WHERE p.pronamespace = 'public'::regnamespace AND p.proargnames[1] = 'p_tenant_id'
        AND pg_get_userbyid(p.proowner) = 'betledger_owner'
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_dist_object AS o
            WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid AND o.distribution_argument_index IS NOT NULL
        )$q$,
'Run betledger distribute.'),

('every shard has its triggers and walls', $q$
    SELECT s FROM ops.shard_findings() AS s$q$,
'On the node of the shard, as its owner: enable or make again what is missing, as on another shard of the table; '
'then betledger verify.'),

('no policy is restrictive', $q$
    SELECT format('policy %I on %s is restrictive, and permissive on its shards', p.polname, t.name)
    FROM projection.ledger_tables() AS t
    JOIN pg_policy AS p ON p.polrelid = t.name::regclass AND NOT p.polpermissive$q$,
'Citus leaves AS RESTRICTIVE out: say it by permissive policies for fewer roles or rows.'),

('feeds of all nodes go on', $q$
    SELECT format('%s:%s: %s', n.nodename, n.nodeport, h.held)
    FROM pg_catalog.run_command_on_all_nodes(
        'SELECT coalesce(json_agg(h), ''[]'') FROM projection.holding_feeds_up(''5 minutes'') AS h'
    ) AS v
    JOIN pg_catalog.pg_dist_node AS n ON n.nodeid = v.nodeid
    CROSS JOIN LATERAL json_array_elements_text(v.result::json) AS h (held)
    WHERE n.groupid <> 0$q$,
'End it on that node: SELECT pg_terminate_backend(pid), or ROLLBACK PREPARED after a look at it.'),

('tenants reach their node', $q$
    SELECT format('login %s keeps SET LOCAL app.tenant_id to the coordinator: it sees no rows', m.rolname)
    FROM pg_auth_members AS a JOIN pg_roles AS m ON m.oid = a.member AND m.rolcanlogin
    WHERE a.roleid = 'betledger_tenant'::regrole
        AND 'citus.propagate_set_commands=local' <> ALL (coalesce(m.rolconfig, '{}'))
        AND current_setting('citus.propagate_set_commands', true) IS DISTINCT FROM 'local'$q$,
'ALTER ROLE ... SET citus.propagate_set_commands = ''local''.'),

('nodes hold like shares', $q$
    SELECT format('%s:%s holds %s shards with %s, and the average is %s', n.node_name, n.node_port, n.shards,
        pg_size_pretty(coalesce(n.bytes, 0)), pg_size_pretty(round(a.bytes)))
    FROM ops.nodes() AS n
    JOIN pg_catalog.pg_dist_node AS d ON d.nodename = n.node_name AND d.nodeport = n.node_port AND d.shouldhaveshards
    CROSS JOIN (SELECT avg(o.bytes) AS bytes FROM ops.nodes() AS o WHERE o.shards > 0) AS a
    WHERE n.answers AND (n.shards = 0 OR n.bytes > 1.3 * a.bytes + 100 * 1024 ^ 2)$q$,
'SELECT citus_rebalance_start(), in a quiet hour, then citus_rebalance_status(); '
'betledger tenant list names large tenants.'),

('nothing is left of moves', $q$
    -- 2: dropped by the daemon in a moment.
    SELECT format('%s is left of a move that failed', c.object_name)
    FROM pg_catalog.pg_dist_cleanup AS c WHERE c.policy_type <> 2$q$,
'CALL citus_cleanup_orphaned_resources(), when no move is under way.'),

('shards can move online', $q$
    SELECT format('wal_level is %s on %s:%s', w.result, n.nodename, n.nodeport)
    FROM pg_catalog.run_command_on_all_nodes('SHOW wal_level') AS w
    JOIN pg_catalog.pg_dist_node AS n ON n.nodeid = w.nodeid
    WHERE w.success AND w.result <> 'logical'$q$,
'ALTER SYSTEM SET wal_level = ''logical'' on that node, and restart it.')

$$;

COMMENT ON FUNCTION ops.cluster_checks() IS
'Those checks of ops.health_checks() that look at a Citus cluster. Example: SELECT '
'check_name, remedy FROM ops.cluster_checks().';

REVOKE ALL ON FUNCTION ops.cluster_checks() FROM public;

GRANT EXECUTE ON FUNCTION ops.cluster_checks() TO betledger_operator;
