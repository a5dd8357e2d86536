SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_orphans_deleted()
RETURNS void
LANGUAGE sql
AS $$
WITH gone AS (
    DELETE FROM "{read_table}" AS t
    WHERE t.tenant_id = ANY ($2) AND t.tenant_id NOT IN (
        SELECT f.tenant_id FROM (
            TABLE "{fold}"
        ) AS f
    )
    RETURNING t.tenant_id
)
SELECT count(DISTINCT g.tenant_id) FROM gone AS g
$$;

COMMENT ON FUNCTION projection.template_orphans_deleted() IS
'Template: takes away slots of tenants that have nothing to count: see projection.repair_slots().';

REVOKE ALL ON FUNCTION projection.template_orphans_deleted() FROM public;
