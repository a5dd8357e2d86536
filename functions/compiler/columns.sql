SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.columns(p_table text)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute AS a
        WHERE a.attrelid = p_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
    );
END
$$;

COMMENT ON FUNCTION projection.columns(text) IS
'The columns of a table, in their order. Example: SELECT projection.columns(''public.bets_view'').';

REVOKE ALL ON FUNCTION projection.columns(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.columns(text) TO betledger_operator;
