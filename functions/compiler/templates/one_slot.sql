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
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        UPDATE "{read_table}" AS t
        SET "{set}" = "{set}"
        WHERE "{key}";
        IF NOT FOUND THEN
            PERFORM projection.refuse_race('"{read_table}"');
        END IF;
    END IF;
END IF;
END
$$;

COMMENT ON FUNCTION projection.template_one_slot() IS
'Template: what one event adds to slots: see projection.one_update_text().';

REVOKE ALL ON FUNCTION projection.template_one_slot() FROM public;
