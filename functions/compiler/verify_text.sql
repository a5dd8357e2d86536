SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.verify_text(p_read_table text, p_shard_id bigint DEFAULT NULL)
RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
    SELECT projection.filled('verify', jsonb_build_object(
        'name', format('%L::text', p_read_table),
        'key', CASE p.kind WHEN 'slots' THEN 'NULL::text' ELSE format('coalesce(f.%1$I, t.%1$I)', p.key_columns[2]) END,
        'fold', projection.fold_text(p_read_table, '($1 IS NULL OR e.tenant_id = $1)', p_shard_id),
        'rows', projection.kept_text(p_read_table, p_shard_id),
        'match', projection.list(array_remove(p.key_columns, 'slot'), 'f.* = t.*', ' AND')
    ))
    FROM projection.registered_projections() AS p WHERE p.read_table = p_read_table
$$;

COMMENT ON FUNCTION projection.verify_text(text, bigint) IS
'The query that compares a read table with its fold, of the tenant $1 or of all. '
'Example: SELECT projection.verify_text(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.verify_text(text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.verify_text(text, bigint) TO betledger_operator;
