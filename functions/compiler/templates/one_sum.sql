SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_sum()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
UPDATE "{read_table}" AS t
SET "{set}" = "{set}"
WHERE "{key}";
IF "{not_found}" THEN
    INSERT INTO "{read_table}" AS t (
        "{columns}"
    )
    VALUES (
        "{values}"
    )
    ON CONFLICT DO NOTHING;
    v_is_new := FOUND;
    IF NOT v_is_new THEN
        -- Made by another transaction, since we looked.
        UPDATE "{read_table}" AS t
        SET "{set}" = "{set}"
        WHERE "{key}";
        IF NOT FOUND THEN
            PERFORM projection.refuse_race('"{read_table}"');
        END IF;
    END IF;
    PERFORM "{above_new}";
PERFORM "{above_known}";
END IF;
PERFORM "{above_all}";
END
$$;

COMMENT ON FUNCTION projection.template_one_sum() IS
'Template: what one event adds to a row: see projection.one_update_text().';

REVOKE ALL ON FUNCTION projection.template_one_sum() FROM public;
