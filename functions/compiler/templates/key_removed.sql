SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_key_removed()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM "{statements}";
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION projection.template_key_removed() IS
'Template: the body of projection.<event table>_key_removed(): see projection.key_removed_text().';

REVOKE ALL ON FUNCTION projection.template_key_removed() FROM public;
