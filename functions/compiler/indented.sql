SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.indented(p_text text, p_levels integer)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT replace(
            repeat('    ', p_levels) || replace(p_text, E'\n', E'\n' || repeat('    ', p_levels)),
            E'    \n', E'\n'
        )
    );
END
$$;

COMMENT ON FUNCTION projection.indented(text, integer) IS 'Lines of text, indented by levels of four blanks.';

REVOKE ALL ON FUNCTION projection.indented(text, integer) FROM public;
