SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.estimated_rows(p_read_table text, p_tenant_id bigint, p_shard_id bigint)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_rows_of text;
    v_plan jsonb;
    v_rows bigint := 0;
BEGIN
    FOR v_rows_of IN
        SELECT t FROM projection.keys_texts(p_read_table, 'keys_of', p_shard_id) AS t
        UNION ALL SELECT projection.kept_text(p_read_table, p_shard_id)
    LOOP
        EXECUTE 'EXPLAIN (FORMAT json) ' || v_rows_of INTO v_plan USING p_tenant_id, 0::bigint, '', 2147483647;
        PERFORM projection.execute_locally_again();
        v_rows := greatest(v_rows, (v_plan #>> '{0,Plan,Plan Rows}')::numeric);
    END LOOP;
    RETURN v_rows;
END
$$;

COMMENT ON FUNCTION projection.estimated_rows(text, bigint, bigint) IS
'How many rows a read table has or should have, as PostgreSQL expects without looking: of a tenant or of all, on Citus '
'of one shard. Example: SELECT projection.estimated_rows(''public.bets_view'', NULL, NULL).';

REVOKE ALL ON FUNCTION projection.estimated_rows(text, bigint, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.estimated_rows(text, bigint, bigint) TO betledger_operator;
