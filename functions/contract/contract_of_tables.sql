-- requires: functions/contract/columns_of.sql
-- requires: functions/contract/groups.sql
-- requires: functions/contract/is_of_contract.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.contract_of_tables()
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(jsonb_object_agg(c.oid::regclass::text, jsonb_strip_nulls(jsonb_build_object(
        'kind', CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END,
        'comment', obj_description(c.oid, 'pg_class'),
        'columns', projection.columns_of(c.oid, obj_description(c.oid, 'pg_class')),
        'privileges', (
            SELECT coalesce(jsonb_object_agg(p.role, p.privileges), '{}')
            FROM (
                SELECT r.rolname AS role, jsonb_agg(k.privilege ORDER BY k.privilege) AS privileges
                FROM projection.groups() AS r
                CROSS JOIN unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS k (privilege)
                WHERE CASE k.privilege WHEN 'DELETE' THEN has_table_privilege(r.oid, c.oid, k.privilege)
                    ELSE has_any_column_privilege(r.oid, c.oid, k.privilege) END
                GROUP BY r.rolname
            ) AS p
        )
    ))), '{}')
    FROM pg_class AS c
    WHERE c.relkind IN ('r', 'p', 'v') AND projection.is_of_contract('pg_class'::regclass, c.oid, c.relnamespace)
$$;

COMMENT ON FUNCTION projection.contract_of_tables() IS
'The tables and views that others read and write, by name: columns, and what each role may do with them.';

REVOKE ALL ON FUNCTION projection.contract_of_tables() FROM public;

GRANT EXECUTE ON FUNCTION projection.contract_of_tables() TO betledger_operator;
