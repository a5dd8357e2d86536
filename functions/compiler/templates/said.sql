SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_said()
RETURNS void
LANGUAGE sql
AS $$
SELECT "{said}"
FROM "{source}" AS e CROSS JOIN LATERAL "{definition}"("{row}") AS c
WHERE "{condition}"
$$;

COMMENT ON FUNCTION projection.template_said() IS
'Template: what the rows of a source say: see projection.fold_text().';

REVOKE ALL ON FUNCTION projection.template_said() FROM public;
