SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_add()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
PERFORM "{add}"(ARRAY["{plus}"], "{minus}");
END
$$;
