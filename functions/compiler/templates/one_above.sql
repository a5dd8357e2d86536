SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_above()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
IF v_is_new THEN
    PERFORM "{above_new}";
PERFORM "{above}";
END IF;
END
$$;

COMMENT ON FUNCTION projection.template_one_above() IS
'Template: what one event adds to the tables above a row that may be new: see projection.one_update_text().';

REVOKE ALL ON FUNCTION projection.template_one_above() FROM public;
