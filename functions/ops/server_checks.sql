SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.server_checks()
RETURNS TABLE (check_name text, finds text, remedy text)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
VALUES

('commits survive a crash', $q$
    SELECT format('%s is %s', s.name, s.setting) FROM pg_settings AS s
    WHERE s.name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND s.setting = 'off'$q$,
'Switch it on with ALTER SYSTEM, unless this server is a toy: what was acknowledged can be lost.'),

('logins of another ledger stay outside', $q$
    SELECT format('database %s is a ledger with the same groups, and whoever is in them may connect here', d.datname)
    FROM pg_database AS d
    WHERE d.datname <> current_database() AND d.datallowconn AND NOT d.datistemplate
        AND has_database_privilege('public', current_database(), 'CONNECT') AND EXISTS (
            SELECT FROM pg_shdepend AS o
            WHERE o.dbid = d.oid AND o.refclassid = 'pg_authid'::regclass
                AND o.refobjid = 'betledger_owner'::regrole AND o.deptype = 'o'
        )$q$,
'GRANT CONNECT ON DATABASE ... TO the logins of this one, then REVOKE CONNECT ON DATABASE ... FROM PUBLIC.'),

('no prepared transaction is forgotten', $q$
    SELECT format('%s of %s is open since %s', x.gid, x.owner, x.prepared) FROM pg_prepared_xacts AS x
    WHERE x.database = current_database() AND x.prepared < now() - interval '5 minutes'$q$,
'SELECT recover_prepared_transactions() on a Citus coordinator; else ROLLBACK PREPARED, or COMMIT PREPARED, '
'after a look at it.'),

('feeds go on', $q$
    SELECT h FROM projection.holding_feeds_up('5 minutes') AS h$q$,
'End it: SELECT pg_terminate_backend(pid), or ROLLBACK PREPARED after a look at it; where it is a load that has to run '
'so long, feeds wait for it.'),

('no transaction holds others up', $q$
    SELECT format('pid %s of %s is in one transaction since %s', a.pid, a.usename, a.xact_start)
    FROM pg_stat_activity AS a
    WHERE a.datname = current_database() AND a.xact_start < now() - interval '1 hour' AND a.pid <> pg_backend_pid()
        AND a.backend_type = 'client backend'$q$,
'SELECT pg_terminate_backend(pid); set idle_in_transaction_session_timeout for that login.'),

('transaction numbers do not run out', $q$
    SELECT format('the oldest row of database %s is %s transactions old', d.datname, age(d.datfrozenxid))
    FROM pg_database AS d
    WHERE d.datname = current_database() AND age(d.datfrozenxid) > 1000000000$q$,
'VACUUM FREEZE the largest tables; look for what stops autovacuum: old transactions, replication slots, '
'prepared transactions.'),

('text sorts as it did when it was indexed', $q$
    SELECT format('the indexes were built by version %s of the library that sorts text, now it is %s', v.was, v.now)
    FROM (
        SELECT d.datcollversion, pg_database_collation_actual_version(d.oid) FROM pg_database AS d
        WHERE d.datname = current_database()
    ) AS v (was, now)
    WHERE v.was IS DISTINCT FROM v.now$q$,
'REINDEX DATABASE CONCURRENTLY ..., since keys may be taken twice until then; then ALTER DATABASE ... REFRESH '
'COLLATION VERSION.'),

('no replication slot holds rows and log', $q$
    SELECT format(
        'slot %s is %s, with %s of log and rows of the last %s transactions', s.slot_name,
        CASE
            WHEN s.wal_status IN ('lost', 'unreserved') THEN s.wal_status
            WHEN s.active THEN 'behind'
            ELSE 'not in use'
        END,
        pg_size_pretty(l.bytes), greatest(age(s.xmin), age(s.catalog_xmin), 0)
    )
    FROM pg_replication_slots AS s
    CROSS JOIN LATERAL (
        SELECT coalesce(pg_wal_lsn_diff(
            CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, s.restart_lsn
        ), 0) AS bytes
    ) AS l
    WHERE s.wal_status IN ('lost', 'unreserved') OR NOT s.active AND l.bytes > 1024 ^ 3
        OR greatest(age(s.xmin), age(s.catalog_xmin)) > 10000000$q$,
'Start what reads from it, or SELECT pg_drop_replication_slot(name): it keeps dead rows from being cleaned up, and log '
'until the disk is full.'),

('no standby holds rows', $q$
    SELECT format('%s keeps rows of the last %s transactions', r.application_name, age(r.backend_xmin))
    FROM pg_stat_replication AS r WHERE age(r.backend_xmin) > 10000000$q$,
'End the long query there (pg_stat_activity), or set hot_standby_feedback = off.'),

('subscriptions work', $q$
    SELECT format('subscription %s %s', s.subname, w.what)
    FROM pg_subscription AS s
    LEFT JOIN pg_stat_subscription_stats AS e ON e.subid = s.oid
    CROSS JOIN LATERAL (
        VALUES ('is disabled', NOT s.subenabled),
            ('has no worker', s.subenabled AND NOT EXISTS (
                SELECT FROM pg_stat_subscription AS a WHERE a.subid = s.oid AND a.pid IS NOT NULL
            )),
            (format('has failed %s times', e.apply_error_count + e.sync_error_count),
                e.apply_error_count + e.sync_error_count > 0)
    ) AS w (what, holds)
    WHERE s.subdbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()) AND w.holds$q$,
'Look into the log of the server for the reason, mend it, then ALTER SUBSCRIPTION ... ENABLE; SELECT '
'pg_stat_reset_subscription_stats(oid) forgets old failures.')

$$;

COMMENT ON FUNCTION ops.server_checks() IS
'Those checks of ops.health_checks() that look at the server. Example: SELECT '
'check_name, remedy FROM ops.server_checks().';

REVOKE ALL ON FUNCTION ops.server_checks() FROM public;

GRANT EXECUTE ON FUNCTION ops.server_checks() TO betledger_operator;
