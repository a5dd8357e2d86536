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
