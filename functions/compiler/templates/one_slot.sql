SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_slot()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
UPDATE "{read_table}" AS t
SET "{set}" = "{set}"
WHERE "{key}";
IF NOT FOUND THEN
    PERFORM "{add}"(ARRAY["{row}"], '{}');
PERFORM "{above}";
END IF;
END
$$;
