SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_verify_sample()
RETURNS void
LANGUAGE sql
AS $$
SELECT "{name}", g.tenant_id, g.key, to_jsonb(f), to_jsonb(t)
FROM (
    TABLE "{keys}"
) AS g
LEFT JOIN LATERAL (
    TABLE "{fold}"
) AS f ON true
LEFT JOIN LATERAL (
    SELECT "{columns}" FROM "{read_table}" AS t WHERE t.tenant_id = g.tenant_id AND t."{key}" = g.key
) AS t ON true
WHERE f IS NULL OR t IS NULL OR f *<> t
$$;

COMMENT ON FUNCTION projection.template_verify_sample() IS
'Template: compares rows of a read table with their fold: see projection.verify_text().';

REVOKE ALL ON FUNCTION projection.template_verify_sample() FROM public;
