SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse_definition(p_what text, p_problem text, p_remedy text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% %', p_what, p_problem USING ERRCODE = 'BL020', HINT = p_remedy;
END
$$;

COMMENT ON FUNCTION projection.refuse_definition(text, text, text) IS
'Raises BL020 for a definition that cannot be compiled: the table, column, event type or function, what is wrong with '
'it, and the remedy.';

REVOKE ALL ON FUNCTION projection.refuse_definition(text, text, text) FROM public;
