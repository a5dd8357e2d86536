SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_known_sum()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
UPDATE "{read_table}" AS t
SET "{set}" = "{set}"
WHERE "{key}";
IF "{not_found}" THEN
    PERFORM "{refresh}"(ARRAY["{tenant_id}"], ARRAY["{key_value}"]);
PERFORM "{above}";
END IF;
END
$$;

COMMENT ON FUNCTION projection.template_one_known_sum() IS
'Template: what one event of a known stream adds to a row: see projection.one_update_text().';

REVOKE ALL ON FUNCTION projection.template_one_known_sum() FROM public;
