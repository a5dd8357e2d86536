SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.rebuild_basis(p_read_tables text[])
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    -- A table that was truncated, or swapped for another one, has another file.
    SELECT md5(string_agg(
        concat_ws(' ', t, t::regclass::oid, pg_relation_filenode(t::regclass), projection.definition_hash(t)), E'\n'
        ORDER BY t
    ))
    FROM unnest(p_read_tables) AS t
$$;

COMMENT ON FUNCTION projection.rebuild_basis(text[]) IS
'Changes whenever rows of read tables that were rebuilt may not be there any more, or be defined otherwise. Example: '
'SELECT projection.rebuild_basis(''{public.bets_view}'').';

REVOKE ALL ON FUNCTION projection.rebuild_basis(text[]) FROM public;
