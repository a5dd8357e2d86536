-- requires: functions/contract/errors_said.sql
-- requires: functions/contract/groups.sql
-- requires: functions/contract/is_of_contract.sql
-- requires: functions/contract/nulls_said.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.contract_of_functions()
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH of AS (
        SELECT
            p.oid, p.proname::text AS name,
            -- Of several with one name each has its arguments, too.
            CASE WHEN count(*) OVER (PARTITION BY p.pronamespace, p.proname) > 1 THEN p.oid::regprocedure::text
                ELSE n.nspname || '.' || p.proname END AS full_name, p.prokind, p.proretset,
            p.prorettype, p.pronargs, p.pronamespace, p.proargnames, p.proargmodes,
            coalesce(p.proallargtypes, string_to_array(p.proargtypes::text, ' ')::oid[]) AS types,
            coalesce(obj_description(p.oid, 'pg_proc'), '') AS comment
        FROM pg_proc AS p
        JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE projection.is_of_contract('pg_proc'::regclass, p.oid, p.pronamespace)
            AND p.prokind IN ('f', 'p') AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
    )
    SELECT coalesce(jsonb_object_agg(f.full_name, jsonb_strip_nulls(jsonb_build_object(
        'kind', CASE f.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
        'arguments', (
            SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                'name', coalesce(nullif(f.proargnames[i], ''), '$' || i),
                'type', format_type(f.types[i], NULL),
                'default', pg_get_function_arg_default(f.oid, i),
                'nullable', coalesce(
                    pg_get_function_arg_default(f.oid, i) LIKE 'NULL::%'
                    OR f.proargnames[i] = ANY (projection.nulls_said(f.comment)), false
                )
            )) ORDER BY i), '[]')
            FROM generate_series(1, f.pronargs) AS i
        ),
        'returns', CASE WHEN f.prokind = 'f' AND f.prorettype <> 'void'::regtype THEN jsonb_strip_nulls(
            jsonb_build_object(
                'set', f.proretset,
                'type', CASE WHEN f.prorettype <> 'record'::regtype THEN format_type(f.prorettype, NULL) END,
                'columns', (
                    SELECT jsonb_agg(jsonb_build_object(
                        'name', f.proargnames[i], 'type', format_type(f.types[i], NULL),
                        'nullable', f.proargnames[i] = ANY (projection.nulls_said(f.comment))
                    ) ORDER BY i)
                    FROM generate_subscripts(f.types, 1) AS i WHERE f.proargmodes[i] IN ('o', 't')
                )
            )
        ) END,
        'errors', coalesce((
            -- "Errors: those of place_bet(), ..."
            SELECT projection.errors_said(o.comment) FROM of AS o
            WHERE o.pronamespace = f.pronamespace AND o.name = substring(f.comment FROM '\mErrors: those of (\w+)\(\)')
        ), '{}') || projection.errors_said(f.comment),
        'comment', substring(f.comment FROM '^(.*?) Example: '),
        'example', substring(f.comment FROM ' Example: (.*)\.$'),
        'roles', (
            SELECT coalesce(jsonb_agg(r.rolname ORDER BY r.rolname), '[]') FROM projection.groups() AS r
            WHERE has_function_privilege(r.oid, f.oid, 'EXECUTE')
                AND has_schema_privilege(r.oid, f.pronamespace, 'USAGE')
        )
    ))), '{}')
    FROM of AS f
$$;

COMMENT ON FUNCTION projection.contract_of_functions() IS
'The functions and procedures that others call, by name: arguments, results, errors, comment, example, and the roles '
'that may call it. What the catalogue does not know, the comment says: projection.errors_said(), '
'projection.nulls_said().';

REVOKE ALL ON FUNCTION projection.contract_of_functions() FROM public;

GRANT EXECUTE ON FUNCTION projection.contract_of_functions() TO betledger_operator;
