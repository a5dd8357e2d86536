SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_many()
RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM "{guard}";
    PERFORM "{many}";
    RETURN true;
END
$$;
