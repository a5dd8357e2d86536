SET LOCAL ROLE betledger_owner;

-- What adds up subtracts, too: trailing zeros would tell in which order the events came.
CREATE OR REPLACE FUNCTION projection.is_trimmed(p_read_table text, p_column text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT EXISTS (
            SELECT FROM pg_attribute AS a
            WHERE a.attrelid = p_read_table::regclass AND a.attname = p_column AND a.atttypid = 'numeric'::regtype
        ) AND EXISTS (
            SELECT FROM projection.registered_projections() AS p
            WHERE p.read_table = p_read_table AND p.kind <> 'state'
                AND p_column <> ALL (p.lowest_columns || p.highest_columns)
        )
    );
END
$$;

COMMENT ON FUNCTION projection.is_trimmed(text, text) IS
'Whether a column holds amounts without trailing zeros: the numeric columns that add up. Example: SELECT '
'projection.is_trimmed(''public.user_activity_view'', ''staked'').';

REVOKE ALL ON FUNCTION projection.is_trimmed(text, text) FROM public;
