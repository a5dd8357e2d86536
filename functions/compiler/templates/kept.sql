SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_kept()
RETURNS void
LANGUAGE sql
AS $$
SELECT "{columns}" FROM "{read_table}" AS t WHERE ($1 IS NULL OR t.tenant_id = $1)
$$;

COMMENT ON FUNCTION projection.template_kept() IS
'Template: the rows of a read table as they are: see projection.kept_text().';

REVOKE ALL ON FUNCTION projection.template_kept() FROM public;
