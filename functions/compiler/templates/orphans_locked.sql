SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_orphans_locked()
RETURNS void
LANGUAGE sql
AS $$
SELECT array_agg(o.tenant_id)
FROM (
    SELECT t.tenant_id FROM "{read_table}" AS t
    WHERE ($1 IS NULL OR t.tenant_id = $1) AND t.tenant_id NOT IN (
        SELECT f.tenant_id FROM (
            TABLE "{fold}"
        ) AS f
    )
    ORDER BY t.tenant_id, t.slot FOR UPDATE
) AS o
$$;

COMMENT ON FUNCTION projection.template_orphans_locked() IS
'Template: locks slots of tenants that have nothing to count: see projection.repair_slots().';

REVOKE ALL ON FUNCTION projection.template_orphans_locked() FROM public;
