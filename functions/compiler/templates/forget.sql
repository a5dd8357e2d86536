SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_forget()
RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM "{statements}";
    RETURN true;
END
$$;

COMMENT ON FUNCTION projection.template_forget() IS
'Template: the body of projection.<event table>_forget(): see projection.forget_text().';

REVOKE ALL ON FUNCTION projection.template_forget() FROM public;
