SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_verify()
RETURNS void
LANGUAGE sql
AS $$
SELECT "{name}", coalesce(f.tenant_id, t.tenant_id), "{key}", to_jsonb(f), to_jsonb(t)
FROM (
    TABLE "{fold}"
) AS f
FULL JOIN (
    TABLE "{rows}"
) AS t ON "{match}"
WHERE f IS NULL OR t IS NULL OR f *<> t
$$;

COMMENT ON FUNCTION projection.template_verify() IS
'Template: compares a read table with its fold: see projection.verify_text().';

REVOKE ALL ON FUNCTION projection.template_verify() FROM public;
