SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refresh_rows(
    p_read_table text, p_tenant_ids bigint[], p_keys text[], p_shard_id bigint
)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
-- The SQL is made from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_refresh text;
    v_changed bigint;
BEGIN
    SELECT projection.local_function(p.read_table, 'refresh', p_shard_id) INTO STRICT v_refresh
    FROM projection.registered_projections() AS p WHERE p.read_table = p_read_table AND p.kind <> 'slots';
    EXECUTE format('SELECT %s($1, $2)', v_refresh) INTO v_changed USING p_tenant_ids, p_keys;
    RETURN v_changed;
END
$$;

COMMENT ON FUNCTION projection.refresh_rows(text, bigint[], text[], bigint) IS
'Folds rows of a read table anew from its sources, and carries the difference on; gives how many were different. What '
'operators may call: the compiled function itself takes rows that triggers have folded, and believes them. '
'Example: SELECT projection.refresh_rows(''public.bets_view'', ''{10001}'', ''{bet-1}'', NULL).';

REVOKE ALL ON FUNCTION projection.refresh_rows(text, bigint[], text[], bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.refresh_rows(text, bigint[], text[], bigint) TO betledger_operator;
