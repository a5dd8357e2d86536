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
    ON CONFLICT ("{keys}") DO UPDATE
    SET "{set}" = "{set}"
    RETURNING t.xmax = 0 INTO v_is_new;
    PERFORM "{above_new}";
PERFORM "{above_known}";
END IF;
PERFORM "{above_all}";
END
$$;

COMMENT ON FUNCTION projection.template_one_sum() IS
'Template: what one event adds to a row: see projection.one_update_text().';

REVOKE ALL ON FUNCTION projection.template_one_sum() FROM public;
