-- What a database holds, in a stable order: kind, name, definition (the same on every version of PostgreSQL) and body.
-- %(names)s: relations that are looked at whoever owns them and wherever they are; null for all that is not the
-- system's.
WITH relations AS (
    SELECT c.*, c.oid::regclass::text AS name
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't'
        AND n.nspname !~ '^pg_|^information_schema$|^betledger_migrations$|^citus'
        AND NOT EXISTS (
            SELECT FROM pg_depend AS d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
        )
        -- Shards, where the coordinator of a cluster shows them.
        AND NOT (c.relname ~ '_[0-9]{6,}$' AND to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL)
        AND (
            %(names)s::text[] IS NULL OR c.oid::regclass::text = ANY (%(names)s::text[])
            OR n.nspname IN ('http', 'ops', 'projection') OR pg_get_userbyid(c.relowner) = 'betledger_owner'
        )
),

functions AS (
    SELECT p.*, p.oid::regprocedure::text AS name
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname !~ '^pg_|^information_schema$|^betledger_migrations$|^citus'
        AND NOT EXISTS (
            SELECT FROM pg_depend AS d
            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
        )
        -- Made on the nodes of a cluster, for each shard.
        AND p.proname !~ '_[0-9]+_[0-9a-f]{8}$'
        AND (
            %(names)s::text[] IS NULL OR p.oid::regprocedure::text = ANY (%(names)s::text[])
            OR n.nspname IN ('http', 'ops', 'projection') OR pg_get_userbyid(p.proowner) = 'betledger_owner'
        )
),

privileges AS (
    SELECT o.kind, o.name, string_agg(format('%%s: %%s', o.grantee, o.rights), '; ' ORDER BY o.grantee COLLATE "C") AS list
    FROM (
        SELECT a.kind, a.name,
            CASE WHEN x.grantee = 0 THEN 'public' ELSE pg_get_userbyid(x.grantee)::text END AS grantee,
            string_agg(
                lower(x.privilege_type COLLATE "C") || CASE WHEN x.is_grantable THEN ' with grant option' ELSE '' END, ', '
                ORDER BY x.privilege_type COLLATE "C"
            ) AS rights
        FROM (
            SELECT 'relation' AS kind, r.name, coalesce(r.relacl, acldefault('r', r.relowner)) AS acl,
                r.relowner AS owner
            FROM relations AS r
            UNION ALL
            SELECT 'column', r.name || '.' || a.attname, a.attacl, r.relowner
            FROM relations AS r
            JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
            UNION ALL
            SELECT 'function', f.name, coalesce(f.proacl, acldefault('f', f.proowner)), f.proowner FROM functions AS f
            UNION ALL
            SELECT 'schema', n.nspname::text, coalesce(n.nspacl, acldefault('n', n.nspowner)), n.nspowner
            FROM pg_namespace AS n
            WHERE n.nspname IN ('http', 'ops', 'projection')
        ) AS a
        CROSS JOIN LATERAL aclexplode(a.acl) AS x
        -- What the owner may do goes without saying, and grows with the versions of PostgreSQL.
        WHERE x.grantee <> a.owner
        GROUP BY a.kind, a.name, x.grantee
    ) AS o
    GROUP BY o.kind, o.name
)

SELECT u.kind, u.name, u.definition, u.body
FROM (
    SELECT 'role' AS kind, r.rolname::text AS name, concat_ws(', ',
        CASE WHEN r.rolcanlogin THEN 'login' ELSE 'no login' END,
        CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END,
        CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END, CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
        CASE WHEN NOT r.rolinherit THEN 'noinherit' END) AS definition, NULL AS body
    FROM pg_roles AS r
    WHERE r.rolname IN (
        'betledger_owner', 'betledger_app', 'betledger_tenant', 'betledger_reader', 'betledger_operator'
    )

    UNION ALL
    SELECT 'schema', n.nspname, format('owner %%s; %%s', pg_get_userbyid(n.nspowner), p.list), NULL
    FROM pg_namespace AS n LEFT JOIN privileges AS p ON p.kind = 'schema' AND p.name = n.nspname
    WHERE n.nspname IN ('http', 'ops', 'projection')

    UNION ALL
    SELECT CASE r.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
            WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' ELSE 'foreign table' END, r.name, concat_ws('; ',
            'owner ' || pg_get_userbyid(r.relowner), CASE WHEN r.relpersistence = 'u' THEN 'UNLOGGED' END,
            CASE WHEN r.relrowsecurity THEN 'row-level security' END, CASE WHEN r.relforcerowsecurity THEN 'forced' END,
            'with ' || nullif(array_to_string(ARRAY(SELECT o FROM unnest(r.reloptions) AS o ORDER BY o COLLATE "C"), ', '), ''),
            p.list),
        CASE WHEN r.relkind IN ('v', 'm') THEN pg_get_viewdef(r.oid) END
    FROM relations AS r LEFT JOIN privileges AS p ON p.kind = 'relation' AND p.name = r.name

    UNION ALL
    SELECT 'column', format('%%s.%%s', r.name, a.attname), concat_ws(' ',
        lpad(a.attnum::text, 2), format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attcollation NOT IN (0, t.typcollation) THEN 'COLLATE ' || a.attcollation::regcollation::text END,
        CASE WHEN a.attnotnull THEN 'NOT NULL' END, CASE WHEN a.attidentity <> '' THEN 'IDENTITY' END,
        CASE WHEN a.attgenerated <> '' THEN 'GENERATED' END, 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid),
        '; ' || p.list), NULL
    FROM relations AS r
    JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND r.relkind <> 'S'
    JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN privileges AS p ON p.kind = 'column' AND p.name = r.name || '.' || a.attname

    UNION ALL
    SELECT 'constraint', format('%%s %%s', r.name, c.conname),
        pg_get_constraintdef(c.oid)
        || CASE WHEN c.convalidated OR c.contype <> 'c' AND c.contype <> 'f' THEN '' ELSE ' (NOT VALID)' END,
        NULL
    FROM relations AS r JOIN pg_constraint AS c ON c.conrelid = r.oid
    WHERE c.contype IN ('c', 'f', 'p', 'u', 'x')

    UNION ALL
    SELECT 'index', format('%%s %%s', r.name, c.relname),
        pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' (INVALID)' END, NULL
    FROM relations AS r JOIN pg_index AS i ON i.indrelid = r.oid JOIN pg_class AS c ON c.oid = i.indexrelid

    UNION ALL
    SELECT 'trigger', format('%%s %%s', r.name, g.tgname),
        pg_get_triggerdef(g.oid) || CASE g.tgenabled WHEN 'O' THEN '' WHEN 'D' THEN ' (DISABLED)'
            ELSE format(' (enabled %%s)', g.tgenabled) END,
        NULL
    FROM relations AS r JOIN pg_trigger AS g ON g.tgrelid = r.oid AND NOT g.tgisinternal

    UNION ALL
    SELECT 'policy', format('%%s %%s', r.name, p.polname), concat_ws(' ',
        CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END, 'for', p.polcmd, 'to',
        (SELECT string_agg(CASE WHEN x = 0 THEN 'public' ELSE pg_get_userbyid(x)::text END, ', ' ORDER BY pg_get_userbyid(x))
            FROM unnest(p.polroles) AS x),
        'using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
        'with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'), NULL
    FROM relations AS r JOIN pg_policy AS p ON p.polrelid = r.oid

    UNION ALL
    SELECT CASE f.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, f.name, concat_ws('; ',
        'owner ' || pg_get_userbyid(f.proowner), 'returns ' || pg_get_function_result(f.oid),
        (SELECT l.lanname FROM pg_language AS l WHERE l.oid = f.prolang),
        CASE f.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
        CASE WHEN f.prosecdef THEN 'SECURITY DEFINER' END, CASE WHEN f.proisstrict THEN 'strict' END,
        CASE f.proparallel WHEN 's' THEN 'parallel safe' WHEN 'r' THEN 'parallel restricted' END,
        pg_get_function_arguments(f.oid), 'set ' || array_to_string(f.proconfig, ', '), p.list),
        coalesce(nullif(f.prosrc, ''), pg_get_functiondef(f.oid))
    FROM functions AS f LEFT JOIN privileges AS p ON p.kind = 'function' AND p.name = f.name
    WHERE f.prokind IN ('f', 'p')
) AS u
ORDER BY u.kind COLLATE "C", u.name COLLATE "C"
