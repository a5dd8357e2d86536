-- requires: functions/compiler/joined.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.list(p_columns text[], p_each text, p_between text DEFAULT ',')
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT projection.joined(array_agg(replace(p_each, '*', quote_ident(c.name)) ORDER BY c.n), p_between)
        FROM unnest(p_columns) WITH ORDINALITY AS c (name, n)
    );
END
$$;

COMMENT ON FUNCTION projection.list(text[], text, text) IS
'Columns as a list, each written as in the second argument, where * is its name. '
'Example: SELECT projection.list(''{a,b}'', ''t.* = c.*'', '' AND'') gives t.a = c.a AND t.b = c.b.';

REVOKE ALL ON FUNCTION projection.list(text[], text, text) FROM public;
