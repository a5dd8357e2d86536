SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_above_new()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
IF v_is_new THEN
    PERFORM "{above_new}";
PERFORM "{else_above}";
END IF;
END
$$;

COMMENT ON FUNCTION projection.template_one_above_new() IS
'Template: what one event adds to the tables above a row that was made: see projection.one_update_text().';

REVOKE ALL ON FUNCTION projection.template_one_above_new() FROM public;
