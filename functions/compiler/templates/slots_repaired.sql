SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_slots_repaired()
RETURNS void
LANGUAGE sql
AS $$
WITH difference AS (
    SELECT coalesce(f.tenant_id, t.tenant_id) AS tenant_id, t.tenant_id IS NOT NULL AS is_kept,
        "{difference}"
    FROM (
        TABLE "{fold}"
    ) AS f
    FULL JOIN (
        TABLE "{kept}"
    ) AS t ON f.tenant_id = t.tenant_id
),
added AS (
    INSERT INTO "{read_table}" AS t (tenant_id, slot, "{columns}")
    SELECT d.tenant_id, 0, "{added}" FROM difference AS d
    WHERE NOT d.is_kept OR "{differs}"
    ORDER BY d.tenant_id
    ON CONFLICT (tenant_id, slot) DO UPDATE
    SET "{set}" = "{set}"
    RETURNING t.tenant_id
)
SELECT count(*) FROM added
$$;

COMMENT ON FUNCTION projection.template_slots_repaired() IS
'Template: adds to slots what they lack: see projection.repair_slots().';

REVOKE ALL ON FUNCTION projection.template_slots_repaired() FROM public;
