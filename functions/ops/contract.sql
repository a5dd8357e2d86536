SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.contract()
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT jsonb_build_object(
        'functions', projection.contract_of_functions(),
        'types', projection.contract_of_types(),
        'tables', projection.contract_of_tables(),
        'event_types', projection.contract_of_events(),
        'roles', projection.contract_of_roles()
    )
$$;

COMMENT ON FUNCTION ops.contract() IS
'What others may rely on, from the catalogue of this database: functions and procedures with arguments, results, '
'errors, example and roles, the types that they give, tables and views with columns and privileges, event types with '
'their fields, roles; those of a team, too. `betledger api` shows it, and compares it with an earlier one. '
'Example: SELECT ops.contract() -> ''functions'' -> ''public.place_bet''.';

REVOKE ALL ON FUNCTION ops.contract() FROM public;

GRANT EXECUTE ON FUNCTION ops.contract() TO betledger_operator;
