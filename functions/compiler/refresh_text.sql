SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refresh_text(p_read_table text, p_shard_id bigint DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_read projection.projections%ROWTYPE;
    v_columns text[] := projection.columns(p_read_table);
    v_merge record;
BEGIN
    SELECT p.* INTO v_read FROM projection.registered_projections() AS p WHERE p.read_table = p_read_table;
    SELECT m.* INTO v_merge FROM projection.merge_texts(p_read_table) AS m;
    RETURN projection.filled('refresh', jsonb_build_object(
        'type', p_read_table, 'read_table', projection.local_table(p_read_table, p_shard_id),
        'key', quote_ident(v_read.key_columns[2]), 'columns', projection.list(v_columns, '*'),
        'row', projection.row_of(p_read_table, '{}', 't'),
        'given', v_merge.given, 'will', v_merge.will, 'again', v_merge.again,
        'will_columns', projection.list(v_columns, '(w.will).*'),
        'fold_row', projection.row_of(p_read_table, '{}', 'f'),
        'fold', projection.fold_text(
            p_read_table, 'e.tenant_id = g.tenant_id AND <key> = g.key' || v_merge.folds, p_shard_id
        ),
        'carry', projection.carry_text(p_read_table, p_shard_id),
        'new', CASE v_read.kind WHEN 'state' THEN projection.filled('refresh_new', jsonb_build_object(
            'read_table', projection.local_table(p_read_table, p_shard_id),
            'columns', projection.list(v_columns, '*'), 'new_columns', projection.list(v_columns, 'n.*'),
            'key', quote_ident(v_read.key_columns[2]), 'row', projection.row_of(p_read_table, '{}', 't')
        )) ELSE '' END,
        'name', projection.local_function(p_read_table, 'refresh', p_shard_id),
        'arguments', 'p_tenant_ids, p_keys' || CASE v_read.kind WHEN 'state' THEN ', p_new' ELSE '' END
    ));
END
$$;

COMMENT ON FUNCTION projection.refresh_text(text, bigint) IS
'The body of projection.<read table>_refresh(): makes rows what their sources say, and carries the difference on. '
'With a shard, of its function there. Example: SELECT projection.refresh_text(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.refresh_text(text, bigint) FROM public;
