SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_of_state()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- "{read_table}"
DECLARE
    "{variables}" text;
BEGIN
    PERFORM "{statements}";
    IF "{stored}" THEN
        PERFORM "{carry}";
    ELSE
        -- Late, tied, or out of the ordinary: fold all events of the stream.
        PERFORM "{refresh}"(ARRAY[e.tenant_id], ARRAY["{key_value}"]);
    END IF;
END;
END
$$;

COMMENT ON FUNCTION projection.template_one_of_state() IS
'Template: one event, for a read table of kind state: see projection.one_of_state_text().';

REVOKE ALL ON FUNCTION projection.template_one_of_state() FROM public;
