SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_slot()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
LOOP
    UPDATE "{read_table}" AS t
    SET "{set}" = "{set}"
    WHERE "{key}";
    EXIT WHEN FOUND;
    PERFORM "{open}"(e.tenant_id);
END LOOP;
END
$$;

COMMENT ON FUNCTION projection.template_one_slot() IS
'Template: what one event adds to slots: see projection.one_update_text().';

REVOKE ALL ON FUNCTION projection.template_one_slot() FROM public;
