SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one()
RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM "{guard}";
    PERFORM "{one}";
    RETURN true;
END
$$;

COMMENT ON FUNCTION projection.template_one() IS
'Template: the body of projection.<event table>_one() on Citus: see projection.one_text().';

REVOKE ALL ON FUNCTION projection.template_one() FROM public;
