SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.compile_fold(p_read_table text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_view text := projection.local_function(p_read_table, 'fold', NULL);
BEGIN
    EXECUTE format('DROP VIEW IF EXISTS %s', v_view);
    EXECUTE format(E'CREATE VIEW %s WITH (security_invoker = true) AS\n%s', v_view, projection.fold_text(p_read_table));
    EXECUTE format('REVOKE ALL ON %s FROM public', v_view);
    EXECUTE format(
        'COMMENT ON VIEW %s IS %L', v_view,
        format('%s as its sources make it. Compiled by projection.compile(): change its definition instead.', p_read_table)
    );
END
$$;

COMMENT ON FUNCTION projection.compile_fold(text) IS
'Makes the view projection.<read table>_fold, which gives all rows of a read table as its sources make them. '
'Example: SELECT projection.compile_fold(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.compile_fold(text) FROM public;
