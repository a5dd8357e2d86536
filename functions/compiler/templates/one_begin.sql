SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_begin()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
INSERT INTO "{read_table}" AS t ("{columns}")
VALUES ("{values}")
ON CONFLICT DO NOTHING;
IF FOUND THEN
    PERFORM "{carry}";
    EXIT projected;
END IF;
END
$$;
