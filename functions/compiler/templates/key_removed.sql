SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_key_removed()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    v_events "{event_table}"[] := ARRAY(SELECT "{row}" FROM old_events AS o);
BEGIN
    IF cardinality(v_events) > 0 THEN
        PERFORM "{forget}"(v_events);
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION projection.template_key_removed() IS
'Template: the body of projection.<event table>_key_removed(): see projection.key_removed_text().';

REVOKE ALL ON FUNCTION projection.template_key_removed() FROM public;
