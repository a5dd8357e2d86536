SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.split_list(p_text text)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_parts text[] := '{}';
    v_depth integer := 0;
    v_quote text;
    v_char text;
    v_from integer := 1;
BEGIN
    FOR v_position IN 1 .. length(p_text) LOOP
        v_char := substr(p_text, v_position, 1);
        IF v_quote IS NOT NULL THEN
            v_quote := nullif(v_quote, v_char);
        ELSIF v_char IN ('''', '"') THEN
            v_quote := v_char;
        ELSIF v_char IN ('(', '[') THEN
            v_depth := v_depth + 1;
        ELSIF v_char IN (')', ']') THEN
            v_depth := v_depth - 1;
        ELSIF v_char = ',' AND v_depth = 0 THEN
            v_parts := v_parts || btrim(substr(p_text, v_from, v_position - v_from));
            v_from := v_position + 1;
        END IF;
    END LOOP;
    RETURN v_parts || btrim(substr(p_text, v_from));
END
$$;

COMMENT ON FUNCTION projection.split_list(text) IS
'The elements of a list of SQL expressions, split at the commas that no parenthesis, bracket or quote holds. Example: SELECT projection.split_list(''a, f(b, c)'') gives {a,"f(b, c)"}.';

REVOKE ALL ON FUNCTION projection.split_list(text) FROM public;
