SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_later_by_status()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- Which status it had is carried, too: known without a look, by the condition that holds.
FOREACH was."{status_column}" IN ARRAY ARRAY["{statuses}"] LOOP
    PERFORM "{later}";
    v_is_stored := FOUND;
    EXIT WHEN v_is_stored;
END LOOP;
END
$$;

COMMENT ON FUNCTION projection.template_one_later_by_status() IS
'Template: an event that comes to a known stream, where what is carried depends on the status before: see '
'projection.one_later_text().';

REVOKE ALL ON FUNCTION projection.template_one_later_by_status() FROM public;
