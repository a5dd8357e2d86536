-- requires: functions/contract/columns_of.sql
-- requires: functions/contract/is_of_contract.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.contract_of_types()
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(jsonb_object_agg(format_type(t.oid, NULL), jsonb_build_object(
        'comment', obj_description(t.oid, 'pg_type'),
        'columns', projection.columns_of(c.oid, obj_description(t.oid, 'pg_type'))
    )), '{}')
    FROM pg_class AS c
    JOIN pg_type AS t ON t.typrelid = c.oid
    WHERE c.relkind = 'c' AND projection.is_of_contract('pg_type'::regclass, t.oid, c.relnamespace)
$$;

COMMENT ON FUNCTION projection.contract_of_types() IS
'The composite types that functions give, by name, with their columns.';

REVOKE ALL ON FUNCTION projection.contract_of_types() FROM public;

GRANT EXECUTE ON FUNCTION projection.contract_of_types() TO betledger_operator;
