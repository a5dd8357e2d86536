SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.filled(p_template text, p_holes jsonb)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_body text;
    v_line text;
    v_hole record;
    v_form text;
    v_text text;
BEGIN
    -- Of a template that gives nothing, the statements between BEGIN and END count.
    SELECT CASE WHEN f.prorettype = 'void'::regtype AND f.prosrc LIKE E'\nBEGIN\n%\nEND\n'
        THEN substr(f.prosrc, 8, length(f.prosrc) - 12) ELSE btrim(f.prosrc, E'\n') END
    INTO STRICT v_body
    FROM pg_proc AS f WHERE f.pronamespace = 'projection'::regnamespace AND f.proname = 'template_' || p_template;
    FOREACH v_line IN ARRAY string_to_array(v_body, E'\n') LOOP
        FOR v_hole IN
            SELECT h.key AS name,
                replace(h.value, E'\n', E'\n' || repeat(' ', length(v_line) - length(ltrim(v_line)))) AS text
            FROM jsonb_each_text(p_holes) AS h WHERE strpos(v_line, '"{' || h.key || '}"') > 0
        LOOP
            FOREACH v_form IN ARRAY ARRAY[
                'PERFORM "{*}";', 'TABLE "{*}"', '"{*}" text;', 'WHEN "{*}" THEN NULL;', 'IF "{*}" THEN NULL;',
                '"{*}" = "{*}"', '"{*}"'
            ] LOOP
                v_line := replace(v_line, replace(v_form, '*', v_hole.name), v_hole.text);
            END LOOP;
        END LOOP;
        IF strpos(v_line, '"{') > 0 THEN
            RAISE EXCEPTION 'template % has a hole left: %', p_template, v_line;
        END IF;
        -- Nothing is left of a line that was a hole for which there is nothing.
        CONTINUE WHEN btrim(v_line) = '';
        v_text := concat(v_text || E'\n', v_line);
    END LOOP;
    RETURN v_text;
END
$$;

COMMENT ON FUNCTION projection.filled(text, jsonb) IS
'A template (the body of projection.template_<name>()) with its holes filled. A hole is a name in double quotes and '
'braces, so that a template is SQL like any other: it stands for what is named or listed there; as "{x}" = "{x}" for '
'assignments, as PERFORM "{x}" for statements, as TABLE "{x}" for a query, as "{x}" text for declarations, as WHEN '
'"{x}" THEN NULL for the branches of a CASE, as IF "{x}" THEN NULL for those of an IF.';

REVOKE ALL ON FUNCTION projection.filled(text, jsonb) FROM public;
