SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.is_summary(p_read_table text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT EXISTS (
            SELECT FROM projection.folds AS f
            WHERE f.read_table = p_read_table
                AND f.source_table IN (SELECT p.read_table FROM projection.projections AS p)
        )
    );
END
$$;

COMMENT ON FUNCTION projection.is_summary(text) IS
'Whether a read table is folded from other read tables, not from events. Example: SELECT projection.is_summary(''public.user_activity_view'').';

REVOKE ALL ON FUNCTION projection.is_summary(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.is_summary(text) TO betledger_operator;
