SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_slot()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
UPDATE "{read_table}" AS t
SET "{set}" = "{set}"
WHERE "{key}";
IF NOT FOUND THEN
    INSERT INTO "{read_table}" AS t (
        "{columns}"
    )
    VALUES (
        "{values}"
    )
    ON CONFLICT (tenant_id, slot) DO UPDATE
    SET "{set}" = "{set}";
END IF;
END
$$;

COMMENT ON FUNCTION projection.template_one_slot() IS
'Template: what one event adds to slots: see projection.one_update_text().';

REVOKE ALL ON FUNCTION projection.template_one_slot() FROM public;
