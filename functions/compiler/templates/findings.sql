SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_findings()
RETURNS void
LANGUAGE sql
AS $$
SELECT m.tenant_id, f.finding, m.kind || ' ' || m.id, coalesce(m.user_id, m.first_user_id),
    (SELECT t.currency FROM "{tenants}" AS t WHERE t.tenant_id = m.tenant_id),
    trim_scale(m.expected), trim_scale(coalesce(m.moved, 0))
FROM (
    TABLE "{movements}"
) AS m
CROSS JOIN LATERAL (
    VALUES ('the balance moved for what is not there', NOT m.is_known),
        ('the balance moved for what was never begun', m.is_known AND m.user_id IS NULL),
        ('the balance did not move', m.is_known AND m.moved IS NULL AND m.expected <> 0),
        ('the balance moved by another amount', m.is_known AND m.moved <> m.expected),
        ('the balance of another user moved', m.first_user_id <> m.user_id OR m.last_user_id <> m.user_id)
) AS f (finding, holds)
WHERE f.holds AND m.kind <> 'none' AND m.is_from_balance
    AND ($3 IS NULL OR $3 IN (m.user_id, m.first_user_id, m.last_user_id))
ORDER BY 1, 3, 2
$$;

COMMENT ON FUNCTION projection.template_findings() IS
'Template: what does not explain itself: see ops.reconcile().';

REVOKE ALL ON FUNCTION projection.template_findings() FROM public;
