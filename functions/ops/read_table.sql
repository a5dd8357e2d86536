SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.read_table(p_name text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_read_table text;
BEGIN
    SELECT p.read_table INTO v_read_table
    FROM projection.registered_projections() AS p
    WHERE p_name IN (p.read_table, split_part(p.read_table, '.', 2))
        OR p.kind = 'slots' AND p_name IN ('tenants_summary_view', 'public.tenants_summary_view');
    IF v_read_table IS NULL THEN
        RAISE EXCEPTION 'projection % is unknown', coalesce(quote_literal(left(p_name, 100)), 'null')
            USING ERRCODE = 'BL001', HINT = (
                SELECT 'Known: ' || string_agg(p.read_table, ', ' ORDER BY p.position) || '.'
                FROM projection.registered_projections() AS p
            );
    END IF;
    RETURN v_read_table;
END
$$;

COMMENT ON FUNCTION projection.read_table(text) IS
'The read table that a name means, with its schema. Error: BL001 unknown projection. Example: SELECT '
'projection.read_table(''bets_view'').';

REVOKE ALL ON FUNCTION projection.read_table(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.read_table(text) TO betledger_operator;
