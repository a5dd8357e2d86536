SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_update()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
UPDATE "{read_table}" AS t
SET "{set}" = "{set}"
WHERE "{key}";
IF "{not_found}" THEN
    PERFORM "{missing}";
PERFORM "{else_above}";
END IF;
END
$$;

COMMENT ON FUNCTION projection.template_one_update() IS
'Template: what one event adds to a row that is nearly always there: see projection.one_update_text().';

REVOKE ALL ON FUNCTION projection.template_one_update() FROM public;
