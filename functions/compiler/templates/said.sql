SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_said()
RETURNS void
LANGUAGE sql
AS $$
SELECT "{said}"
FROM "{source}" AS e CROSS JOIN LATERAL "{definition}"("{row}") AS c
WHERE "{condition}"
$$;
