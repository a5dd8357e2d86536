SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_keys_of()
RETURNS void
LANGUAGE sql
AS $$
(
    SELECT DISTINCT e.tenant_id, "{key}" COLLATE "C" AS key FROM "{source}" AS e
    WHERE (e.tenant_id, "{key}" COLLATE "C") > ($2, $3) AND ($1 IS NULL OR e.tenant_id = $1) AND "{key}" IS NOT NULL
    ORDER BY e.tenant_id, key LIMIT $4
)
$$;

COMMENT ON FUNCTION projection.template_keys_of() IS
'Template: the next keys of one source: see projection.keys_after().';

REVOKE ALL ON FUNCTION projection.template_keys_of() FROM public;
