-- What holds of the objects that are not the system's, each as the statement that would make it so again, in the order
-- in which they can run; and whether it is ours, and not what a DBA has added. What no statement makes is a comment.
WITH roles AS (
    SELECT r.oid, r.rolname FROM pg_roles AS r
    WHERE r.rolname IN (
        'betledger_owner', 'betledger_app', 'betledger_tenant', 'betledger_reader', 'betledger_operator'
    )
),

namespaces AS (
    SELECT n.oid, n.nspname, n.nspowner, n.nspacl, n.nspname IN ('http', 'ops', 'projection') AS is_ours
    FROM pg_namespace AS n WHERE n.nspname !~ '^pg_|^information_schema$|^betledger_migrations$|^citus'
),

relations AS (
    SELECT c.*, format('%I.%I', n.nspname, c.relname) AS name,
        n.is_ours OR pg_get_userbyid(c.relowner) = 'betledger_owner' AS is_ours
    FROM pg_class AS c JOIN namespaces AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        -- Shards, where the coordinator of a cluster shows them.
        AND NOT (c.relname ~ '_[0-9]{6,}$' AND to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL)
),

functions AS (
    SELECT p.*, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name,
        n.is_ours OR pg_get_userbyid(p.proowner) = 'betledger_owner' AS is_ours
    FROM pg_proc AS p JOIN namespaces AS n ON n.oid = p.pronamespace
    -- Made on the nodes of a cluster, for each shard.
    WHERE p.prokind IN ('f', 'p') AND p.proname !~ '_[0-9]+_[0-9a-f]{8}$'
),

rights AS (
    SELECT 'ROUTINE ' || f.name AS name, f.is_ours, '' AS columns, f.proowner AS owner,
        coalesce(f.proacl, acldefault('f', f.proowner)) AS acl
    FROM functions AS f
    UNION ALL
    SELECT r.name, r.is_ours, '', r.relowner, r.relacl FROM relations AS r
    UNION ALL
    SELECT r.name, r.is_ours, format(' (%I)', a.attname), r.relowner, a.attacl
    FROM relations AS r JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT format('SCHEMA %I', n.nspname), n.is_ours OR n.nspname = 'public', '', n.nspowner, n.nspacl
    FROM namespaces AS n
)

SELECT s.statement, s.is_ours
FROM (
    SELECT 1, format('CREATE ROLE %I NOLOGIN', r.rolname), true
    FROM roles AS r

    UNION ALL
    SELECT 2, format('ALTER SCHEMA %I OWNER TO %I', n.nspname, pg_get_userbyid(n.nspowner)), n.is_ours
    FROM namespaces AS n

    UNION ALL
    SELECT 2, format('ALTER TABLE %s OWNER TO %I', r.name, pg_get_userbyid(r.relowner)), r.is_ours
    FROM relations AS r

    UNION ALL
    SELECT 2, format('ALTER ROUTINE %s OWNER TO %I', f.name, pg_get_userbyid(f.proowner)), f.is_ours
    FROM functions AS f

    UNION ALL
    SELECT 3, format('ALTER TABLE %s %s ROW LEVEL SECURITY', r.name, w.what), r.is_ours
    FROM relations AS r
    CROSS JOIN LATERAL (VALUES ('ENABLE', r.relrowsecurity), ('FORCE', r.relforcerowsecurity)) AS w (what, holds)
    WHERE w.holds

    UNION ALL
    SELECT 3, concat_ws(' ',
        format('DROP POLICY IF EXISTS %I ON %s; CREATE POLICY %1$I ON %2$s', p.polname, r.name),
        CASE WHEN NOT p.polpermissive THEN 'AS RESTRICTIVE' END,
        'FOR ' || CASE p.polcmd
            WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL'
        END,
        'TO ' || (
            SELECT string_agg(
                CASE WHEN x = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x)) END, ', '
                ORDER BY pg_get_userbyid(x)
            )
            FROM unnest(p.polroles) AS x
        ),
        'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
        'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'
    ), r.is_ours AND p.polroles <@ ARRAY(SELECT o.oid FROM roles AS o)
    FROM relations AS r JOIN pg_policy AS p ON p.polrelid = r.oid

    UNION ALL
    SELECT 4, format('REVOKE ALL ON %s FROM PUBLIC', x.name), x.is_ours
    FROM rights AS x
    WHERE NOT EXISTS (SELECT FROM aclexplode(x.acl) AS a WHERE a.grantee = 0) AND x.columns = ''

    UNION ALL
    SELECT 5, format(
        'GRANT %s%s ON %s TO %s%s', a.privilege_type, x.columns, x.name,
        CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
        CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
    ), x.is_ours AND a.grantee IN (SELECT o.oid FROM roles AS o)
    FROM rights AS x CROSS JOIN LATERAL aclexplode(x.acl) AS a
    WHERE a.grantee <> x.owner

    UNION ALL
    SELECT 6, replace(pg_get_triggerdef(g.oid), 'CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER'),
        r.is_ours AND f.pronamespace = to_regnamespace('projection')
    FROM relations AS r JOIN pg_trigger AS g ON g.tgrelid = r.oid AND NOT g.tgisinternal AND g.tgconstraint = 0
    JOIN pg_proc AS f ON f.oid = g.tgfoid

    UNION ALL
    SELECT 7, format('ALTER TABLE %s ENABLE TRIGGER %I', r.name, g.tgname),
        r.is_ours AND f.pronamespace = to_regnamespace('projection')
    FROM relations AS r JOIN pg_trigger AS g ON g.tgrelid = r.oid AND NOT g.tgisinternal
    JOIN pg_proc AS f ON f.oid = g.tgfoid
    WHERE g.tgenabled IN ('O', 'A')

    UNION ALL
    SELECT 8, format('-- %s is %s', f.name, md5(concat_ws(
        ' ', f.prosrc, f.proconfig::text, f.prosecdef, f.provolatile, pg_get_function_result(f.oid)
    ))), f.is_ours
    FROM functions AS f

    UNION ALL
    SELECT 8, format('-- %s has the columns %s', r.name, (
        SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute AS a
        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    )), r.is_ours
    -- There, functions take whole rows.
    FROM relations AS r WHERE to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL

    UNION ALL
    -- Code for shards does not run without. That a cluster is made of a server is no damage: `betledger distribute`.
    SELECT 8, '-- the server is part of a cluster', true WHERE to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL
) AS s (rank, statement, is_ours)
ORDER BY s.rank, s.statement COLLATE "C"
