SET LOCAL ROLE betledger_owner;

-- Not a number of the whole bigint range above 0: null, and no row is seen or written.
CREATE FUNCTION projection.own_tenant()
RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
-- No CASE: Citus asks what is in it, whatever its conditions say, so nothing in here may fail.
RETURN nullif(
    least(substring(current_setting('app.tenant_id', true) FROM '^[1-9][0-9]{0,18}$')::numeric, 9223372036854775808),
    9223372036854775808
)::bigint;

COMMENT ON FUNCTION projection.own_tenant() IS
'The tenant of this transaction, as SET LOCAL app.tenant_id names it; null when it names none. What the policies of '
'all tables compare with: the planner puts its text in their place. Example: SELECT projection.own_tenant().';

REVOKE ALL ON FUNCTION projection.own_tenant() FROM public;

GRANT EXECUTE ON FUNCTION projection.own_tenant()
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;

CREATE FUNCTION projection.wall_off(p_table text, p_takes_rows boolean DEFAULT false)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL names the table that is given, which only the owner calls it with.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_own text := 'tenant_id = projection.own_tenant()';
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', p_table);
    EXECUTE format(
        'CREATE POLICY trusted ON %s TO betledger_owner, betledger_app, betledger_reader, betledger_operator'
        || ' USING (true) WITH CHECK (true)', p_table
    );
    IF p_takes_rows THEN
        EXECUTE format(
            'CREATE POLICY own_tenant ON %s TO betledger_tenant USING (%s) WITH CHECK (%s)', p_table, v_own, v_own
        );
    ELSE
        EXECUTE format('CREATE POLICY own_tenant ON %s FOR SELECT TO betledger_tenant USING (%s)', p_table, v_own);
    END IF;
    EXECUTE format('REVOKE ALL ON %s FROM public', p_table);
    EXECUTE format(
        'GRANT SELECT ON %s TO betledger_app, betledger_tenant, betledger_reader, betledger_operator', p_table
    );
END
$$;

COMMENT ON FUNCTION projection.wall_off(text, boolean) IS
'Walls a table of tenants off: forced row-level security, all tenants for trusted groups, the own one for '
'betledger_tenant, SELECT for the groups and nothing for PUBLIC. With p_takes_rows tenants may write rows of their '
'own where a GRANT lets them. Migrations may rely on it. Example: SELECT projection.wall_off(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.wall_off(text, boolean) FROM public;
