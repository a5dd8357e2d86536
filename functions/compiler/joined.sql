SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.joined(p_parts text[], p_between text DEFAULT ',')
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_text text := p_parts[1];
    v_width integer := length(p_parts[1]);
BEGIN
    IF p_parts IS NULL THEN
        RETURN NULL;
    END IF;
    FOR v_n IN 2 .. cardinality(p_parts) LOOP
        IF v_width + length(p_parts[v_n]) > 64 THEN
            v_text := v_text || p_between || E'\n    ';
            v_width := 0;
        ELSE
            v_text := v_text || p_between || ' ';
        END IF;
        v_text := v_text || p_parts[v_n];
        v_width := v_width + length(p_parts[v_n]) + length(p_between) + 1;
    END LOOP;
    RETURN v_text;
END
$$;

COMMENT ON FUNCTION projection.joined(text[], text) IS
'Parts of SQL as a list, in lines that can be read. Example: SELECT projection.joined(''{a,b}'', '' AND'').';

REVOKE ALL ON FUNCTION projection.joined(text[], text) FROM public;

GRANT EXECUTE ON FUNCTION projection.joined(text[], text) TO betledger_operator;
