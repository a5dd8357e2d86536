SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_before()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
SELECT "{before}" INTO "{targets_before}"
FROM "{read_table}" AS t
WHERE "{key}" FOR NO KEY UPDATE;
END
$$;

COMMENT ON FUNCTION projection.template_one_before() IS
'Template: what a row was, and stays until it is changed: see projection.one_later_text().';

REVOKE ALL ON FUNCTION projection.template_one_before() FROM public;
