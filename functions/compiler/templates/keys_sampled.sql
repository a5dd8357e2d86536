SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_keys_sampled()
RETURNS void
LANGUAGE sql
AS $$
SELECT e.tenant_id, "{key}" COLLATE "C" AS key FROM "{source}" AS e TABLESAMPLE SYSTEM ($2)
WHERE ($1 IS NULL OR e.tenant_id = $1) AND "{key}" IS NOT NULL
$$;

COMMENT ON FUNCTION projection.template_keys_sampled() IS
'Template: keys of one source, of blocks taken at random: see projection.keys_texts().';

REVOKE ALL ON FUNCTION projection.template_keys_sampled() FROM public;
