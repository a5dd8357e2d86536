SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.ledger_checks()
RETURNS TABLE (check_name text, finds text, remedy text)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
VALUES

('events are checked and projected', $q$
    SELECT format('trigger %s of %s is missing or disabled', expected.name, t.name)
    FROM projection.ledger_tables() AS t
    CROSS JOIN unnest(
        '{receive_event,project_inserted,project_key_removed,guard_event,guard_truncate}'::text[]
    ) AS expected (name)
    WHERE t.holds_events AND NOT EXISTS (
        SELECT FROM pg_trigger AS g
        WHERE g.tgrelid = t.name::regclass AND g.tgname = expected.name AND g.tgenabled IN ('O', 'A')
    )$q$,
'Look for what was written meanwhile (betledger verify), then ALTER TABLE ... ENABLE TRIGGER, '
'or CREATE it as its file in triggers/ does.'),

('read tables are folded by their definition', $q$
    SELECT format('%s was folded by another definition', p.read_table) FROM ops.projections() AS p
    WHERE NOT p.is_current$q$,
'Run betledger rebuild with the name of the read table: it folds all rows by the definition that is there now.'),

('tenants are walled off', $q$
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

('no login passes the walls', $q$
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

('whoever may read is shown rows', $q$
    SELECT format('%s may read %s, and is shown none of its rows', r.rolname, min(t.name))
    FROM pg_roles AS r CROSS JOIN projection.ledger_tables() AS t JOIN pg_class AS c ON c.oid = t.name::regclass
    WHERE r.rolcanlogin AND NOT r.rolsuper AND NOT r.rolbypassrls AND c.relrowsecurity
        AND has_table_privilege(r.oid, c.oid, 'SELECT')
        AND NOT EXISTS (
            SELECT FROM pg_policy AS p CROSS JOIN LATERAL unnest(p.polroles) AS o (id)
            WHERE p.polrelid = c.oid AND p.polcmd IN ('r', '*')
                AND (o.id = 0 OR pg_has_role(r.oid, o.id, 'USAGE'))
        )
    GROUP BY r.rolname$q$,
'No error says so: an export or a report is empty. GRANT betledger_reader to that login, or CREATE POLICY ... FOR '
'SELECT TO it; one for dumps has BYPASSRLS.'),

('everything belongs to betledger_owner', $q$
    SELECT format('%s belongs to %s', t.name, pg_get_userbyid(c.relowner))
    FROM projection.ledger_tables() AS t JOIN pg_class AS c ON c.oid = t.name::regclass
    WHERE pg_get_userbyid(c.relowner) <> 'betledger_owner'
    UNION ALL
    SELECT format('%s belongs to %s, and runs with its rights', p.oid::regprocedure, pg_get_userbyid(p.proowner))
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('projection', 'ops', 'http') AND p.prosecdef
        AND pg_get_userbyid(p.proowner) <> 'betledger_owner'$q$,
'ALTER TABLE or FUNCTION ... OWNER TO betledger_owner.'),

('indexes are valid', $q$
    SELECT format('%s of %s was left unfinished', i.indexrelid::regclass, i.indrelid::regclass)
    FROM projection.ledger_tables() AS t JOIN pg_index AS i ON i.indrelid = t.name::regclass
    WHERE NOT (i.indisvalid AND i.indisready)$q$,
'REINDEX INDEX CONCURRENTLY ..., or DROP INDEX CONCURRENTLY what is named ..._ccnew or ..._ccold.'),

('idempotency keys are purged', $q$
    SELECT format('%s has a key that is %s hours old', t.name, k.age)
    FROM projection.ledger_tables() AS t
    CROSS JOIN LATERAL (SELECT projection.oldest_key_age(t.name) AS age) AS k
    WHERE t.holds_events AND k.age > 72$q$,
'Run betledger purge from a scheduler, every hour.'),

('streams begin with their first event', $q$
    SELECT format('%s bets were never placed, as %s of tenant %s', count(*), min(b.bet_id), min(b.tenant_id))
    FROM public.bets_view AS b WHERE b.user_id IS NULL HAVING count(*) > 0
    UNION ALL
    SELECT format('%s payments were never created, as %s of tenant %s', count(*), min(p.payment_id), min(p.tenant_id))
    FROM public.payments_view AS p WHERE p.user_id IS NULL HAVING count(*) > 0$q$,
'Insert the event that is missing, with the time that it was of. Until then the row counts for no user.'),

('no balance is below zero but by a correction', $q$
    SELECT format('%s of tenant %s has %s', quote_literal(n.user_id), n.tenant_id, n.balance)
    FROM ops.negative_balances() AS n
    WHERE n.balance + n.allowed < 0
    ORDER BY n.tenant_id, n.user_id LIMIT 10$q$,
'A client has taken more than there was, by an event of its own: look at balance_statement(), and insert what makes up '
'for it. No function takes anything from it meanwhile.'),

('closed tenants hold no money', $q$
    SELECT format(
        'tenant %s is closed, and the balances of %s users hold %s %s', t.tenant_id, count(*),
        trim_scale(sum(b.balance)), t.currency
    )
    FROM public.tenants AS t JOIN public.user_balances_view AS b ON b.tenant_id = t.tenant_id
    WHERE t.status = 'closed' AND b.balance <> 0 GROUP BY t.tenant_id, t.currency
    UNION ALL
    SELECT format('tenant %s is closed, and %s of its bets are open', t.tenant_id, sum(a.open_bets))
    FROM public.tenants AS t JOIN public.user_activity_view AS a ON a.tenant_id = t.tenant_id
    WHERE t.status = 'closed' AND a.open_bets > 0 GROUP BY t.tenant_id$q$,
'Resume it (betledger tenant resume), settle or cancel its bets, pay out what its users have, and close it again.'),

('no event is of the far future', $q$
    SELECT format('%s has one of %s', t.name, f.at)
    FROM projection.ledger_tables() AS t
    CROSS JOIN LATERAL (SELECT projection.latest_event_at(t.name) AS at) AS f
    WHERE t.holds_events AND f.at > now() + interval '1 day'$q$,
'It comes after all others for ever: make a compensating event of the same time. Such events are refused; look for '
'what went round the triggers.'),

('consumers go on', $q$
    SELECT format('%s of tenant %s stands still since %s, and the next event waits since %s', c.name, c.tenant_id,
        c.advanced_at, c.waits_since)
    FROM ops.consumers() AS c
    WHERE greatest(c.advanced_at, c.waits_since) < now() - interval '1 hour'$q$,
'Look for what stops it; SELECT ops.forget_consumer(tenant, name) removes one that is not needed any more.')

$$;

COMMENT ON FUNCTION ops.ledger_checks() IS
'Those checks of ops.health_checks() that look at the tables of the ledger. Example: SELECT '
'check_name, remedy FROM ops.ledger_checks().';

REVOKE ALL ON FUNCTION ops.ledger_checks() FROM public;

GRANT EXECUTE ON FUNCTION ops.ledger_checks() TO betledger_operator;
