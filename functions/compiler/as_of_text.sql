SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.as_of_text(p_read_table text)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_until constant text :=
        E'\n    AND e."timestamp" <= p_at_ms AND (p_known_at IS NULL OR e.stored_at <= p_known_at)';
    v_of_tenant constant text := 'e.tenant_id = p_tenant_id' || v_until;
    v_of_key constant text := 'e.tenant_id = p_tenant_id AND <key> = p_key' || v_until;
    v_below text;
BEGIN
    SELECT string_agg(
        format(
            E'%I AS (\n%s\n)', split_part(p.read_table, '.', 2),
            projection.indented(projection.fold_text(p.read_table, v_of_tenant, p_is_of_folds => true), 1)
        ), E',\n' ORDER BY p.position
    ) INTO v_below
    FROM projection.registered_projections() AS p
    WHERE p_read_table = ANY (projection.read_tables_of(p.read_table));
    RETURN projection.filled('query', jsonb_build_object('query', CASE
        WHEN v_below IS NULL THEN projection.fold_text(p_read_table, v_of_key)
        ELSE format(
            E'WITH %s\n%s', v_below, projection.fold_text(p_read_table, v_of_tenant, p_is_of_folds => true)
        )
    END));
END
$$;

COMMENT ON FUNCTION projection.as_of_text(text) IS
'The body of projection.<read table>_as_of(): the fold of the events up to a moment, as far as they had been stored '
'by another. Of a row of a read table that is folded from events, by its key; of the totals of a tenant, from the '
'folds of the read tables below them. Example: SELECT projection.as_of_text(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.as_of_text(text) FROM public;
