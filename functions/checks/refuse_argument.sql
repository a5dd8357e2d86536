SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse_argument(p_name text, p_value text, p_hint text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% is %', p_name, left(coalesce(p_value, 'null'), 100) USING ERRCODE = 'BL001', HINT = p_hint;
END
$$;

COMMENT ON FUNCTION projection.refuse_argument(text, text, text) IS
'Raises BL001 for an argument of a function: its name, its value, and what to send instead.';

REVOKE ALL ON FUNCTION projection.refuse_argument(text, text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.refuse_argument(text, text, text)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
