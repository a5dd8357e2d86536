SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.differences(
    p_read_table text, p_tenant_id bigint, p_sample numeric, p_shard_id bigint
)
RETURNS TABLE (projection text, tenant_id bigint, key text, expected jsonb, actual jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
BEGIN
    -- The totals of a tenant are of all its rows, or wrong.
    IF p_sample IS NOT NULL
        AND (SELECT p.kind FROM projection.projections AS p WHERE p.read_table = p_read_table) = 'slots' THEN
        RETURN;
    END IF;
    -- One statement, one snapshot: right in the middle of writes, too.
    RETURN QUERY EXECUTE projection.verify_text(p_read_table, p_sample IS NOT NULL, p_shard_id)
    USING p_tenant_id, p_sample;
END
$$;

COMMENT ON FUNCTION projection.differences(text, bigint, numeric, bigint) IS
'The rows of one read table that differ from the fold of their sources: see ops.verify_projections(). On Citus, of one '
'shard. Null may be: key, expected, actual. Example: SELECT * FROM projection.differences(''public.bets_view'', '
'NULL, NULL, NULL).';

REVOKE ALL ON FUNCTION projection.differences(text, bigint, numeric, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.differences(text, bigint, numeric, bigint) TO betledger_operator;
