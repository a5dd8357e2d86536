SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_add()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
PERFORM "{add}"(
    ARRAY["{plus}"],
    "{minus}"
);
END
$$;

COMMENT ON FUNCTION projection.template_one_add() IS
'Template: what one event adds to a table above, where an UPDATE is not enough: see projection.one_add_text().';

REVOKE ALL ON FUNCTION projection.template_one_add() FROM public;
