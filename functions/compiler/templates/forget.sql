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
