SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.assignments_text(p_definition text, p_event_type text, p_columns text[])
RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(string_agg(DISTINCT format(
        CASE WHEN length(s.said_as || s.value) > 95 THEN E'%s :=\n    %s;\n' ELSE E'%s := %s;\n' END, s.said_as, s.value
    ), ''), '')
    FROM projection.said_by(p_definition, p_event_type) AS s
    WHERE s.name = ANY (p_columns) AND starts_with(s.said_as, 'said.')
$$;

COMMENT ON FUNCTION projection.assignments_text(text, text, text[]) IS
'The statements that put what an event of a type says of some columns into variables.';

REVOKE ALL ON FUNCTION projection.assignments_text(text, text, text[]) FROM public;
