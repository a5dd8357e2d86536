SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_later()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
UPDATE "{read_table}" AS t
SET "{set}" = "{set}"
WHERE "{key}"
    AND "{is_later}"
RETURNING "{returned}"
INTO "{targets}";
END
$$;

COMMENT ON FUNCTION projection.template_one_later() IS
'Template: an event that comes to a known stream: see projection.one_later_text().';

REVOKE ALL ON FUNCTION projection.template_one_later() FROM public;
