SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.returned_text(p_read_table text, p_carry text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_columns text[] := projection.columns(p_read_table);
    v_used text[] := ARRAY(
        SELECT c FROM unnest(v_columns) AS c WHERE strpos(p_carry, 'said.' || quote_ident(c)) > 0
    );
BEGIN
    -- A statement tells that it found its row by returning at least the key.
    IF v_used = '{}' THEN
        v_used := v_columns[1:1];
    END IF;
    RETURN jsonb_build_object(
        'returned', projection.list(v_used, 't.*'), 'targets', projection.list(v_used, 'said.*')
    );
END
$$;

COMMENT ON FUNCTION projection.returned_text(text, text) IS
'The columns of a row of a read table that what is carried to the tables above refers to, and the variables that they '
'are put into: two holes of a template.';

REVOKE ALL ON FUNCTION projection.returned_text(text, text) FROM public;
