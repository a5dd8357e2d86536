SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.said_columns(p_definition text)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT array_agg(a.name ORDER BY a.n)
        FROM pg_proc AS f
        CROSS JOIN unnest(f.proargnames, f.proargmodes) WITH ORDINALITY AS a (name, mode, n)
        WHERE f.oid = p_definition::regproc AND a.mode = 't'
    );
END
$$;

COMMENT ON FUNCTION projection.said_columns(text) IS
'The columns of a read table of which a definition says something. '
'Example: SELECT projection.said_columns(''projection.activity_of_bet'').';

REVOKE ALL ON FUNCTION projection.said_columns(text) FROM public;
