SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.verify_text(
    p_read_table text, p_is_sample boolean DEFAULT false, p_shard_id bigint DEFAULT NULL
)
RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
    SELECT projection.filled(CASE WHEN p_is_sample THEN 'verify_sample' ELSE 'verify' END, jsonb_build_object(
        'name', format('%L::text', p_read_table),
        'fold', projection.fold_text(
            p_read_table,
            CASE WHEN p_is_sample THEN 'e.tenant_id = g.tenant_id AND <key> = g.key'
                ELSE '($1 IS NULL OR e.tenant_id = $1)' END,
            p_shard_id
        )
    ) || CASE WHEN p_is_sample THEN jsonb_build_object(
        'keys', (
            SELECT string_agg(k, E'\nUNION\n')
            FROM projection.keys_texts(p_read_table, 'keys_sampled', p_shard_id) AS k
        ),
        'columns', projection.list(projection.columns(p_read_table), 't.*'),
        'read_table', projection.local_table(p_read_table, p_shard_id), 'key', quote_ident(p.key_columns[2])
    ) ELSE jsonb_build_object(
        'rows', projection.kept_text(p_read_table, p_shard_id),
        'key', CASE p.kind WHEN 'slots' THEN 'NULL::text' ELSE format('coalesce(f.%1$I, t.%1$I)', p.key_columns[2]) END,
        'match', projection.list(array_remove(p.key_columns, 'slot'), 'f.* = t.*', ' AND')
    ) END)
    FROM projection.registered_projections() AS p WHERE p.read_table = p_read_table
$$;

COMMENT ON FUNCTION projection.verify_text(text, boolean, bigint) IS
'The query that compares a read table with its fold: all rows of the tenant $1 or of all, or some of them, taken at '
'random from about $2 percent of the blocks. Example: SELECT projection.verify_text(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.verify_text(text, boolean, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.verify_text(text, boolean, bigint) TO betledger_operator;
