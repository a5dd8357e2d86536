SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.folded_by(p_read_table text, p_sources text[])
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT array_agg(a.attname::text ORDER BY a.attnum)
        FROM pg_attribute AS a
        WHERE a.attrelid = p_read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
            AND EXISTS (
                SELECT FROM projection.folds AS f
                JOIN pg_attribute AS c ON c.attrelid = f.fold::regclass AND c.attname = a.attname
                WHERE f.read_table = p_read_table AND f.source_table = ANY (p_sources)
            )
    );
END
$$;

COMMENT ON FUNCTION projection.folded_by(text, text[]) IS
'The columns of a read table that the folds of some sources give; the others keep their value, or get their default. Example: SELECT projection.folded_by(''public.user_activity_view'', ''{public.bets_view}'').';

REVOKE ALL ON FUNCTION projection.folded_by(text, text[]) FROM public;

GRANT EXECUTE ON FUNCTION projection.folded_by(text, text[]) TO betledger_operator;
