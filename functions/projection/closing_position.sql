SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.closing_position(p_text text, p_from integer)
RETURNS integer
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_depth integer := 0;
    v_quote text;
    v_char text;
BEGIN
    FOR v_position IN p_from .. length(p_text) LOOP
        v_char := substr(p_text, v_position, 1);
        IF v_quote IS NOT NULL THEN
            v_quote := nullif(v_quote, v_char);
        ELSIF v_char IN ('''', '"') THEN
            v_quote := v_char;
        ELSIF v_char = '(' THEN
            v_depth := v_depth + 1;
        ELSIF v_char = ')' THEN
            v_depth := v_depth - 1;
            IF v_depth < 0 THEN
                RETURN v_position;
            END IF;
        END IF;
    END LOOP;
    RETURN length(p_text) + 1;
END
$$;

COMMENT ON FUNCTION projection.closing_position(text, integer) IS
'Where the parenthesis closes that is open at a position of an SQL text; one past the end if none is. Example: SELECT projection.closing_position(''f(a, (b)) + 1'', 3) gives 9.';

REVOKE ALL ON FUNCTION projection.closing_position(text, integer) FROM public;
