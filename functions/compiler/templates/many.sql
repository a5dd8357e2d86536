SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_many()
RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM "{guard}";
    PERFORM "{tenants}";
    PERFORM "{many}";
    RETURN true;
END
$$;

COMMENT ON FUNCTION projection.template_many() IS
'Template: the body of projection.<event table>_many() on Citus: see projection.many_text().';

REVOKE ALL ON FUNCTION projection.template_many() FROM public;
