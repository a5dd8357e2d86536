SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.key_match(p_read_table text, p_left text, p_right text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT string_agg(format('%1$s.%3$I = %2$s.%3$I', p_left, p_right, k.name), ' AND ' ORDER BY k.n)
        FROM projection.projections AS p, unnest(p.key_columns) WITH ORDINALITY AS k (name, n)
        WHERE p.read_table = p_read_table
    );
END
$$;

COMMENT ON FUNCTION projection.key_match(text, text, text) IS
'The condition that two aliases have the same key of a read table. Example: SELECT projection.key_match(''public.bets_view'', ''t'', ''f'').';

REVOKE ALL ON FUNCTION projection.key_match(text, text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.key_match(text, text, text) TO betledger_operator;
