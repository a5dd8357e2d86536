SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_later()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
IF "{is_later}" THEN
    UPDATE "{read_table}" AS t
    SET "{set}" = "{set}"
    WHERE "{key}";
    PERFORM "{carry}";
    EXIT projected;
END IF;
END
$$;
