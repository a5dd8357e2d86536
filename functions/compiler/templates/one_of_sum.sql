SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_of_sum()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- "{read_table}": what the event says of its row.
<<projected>>
DECLARE
    said "{type}";
    v_is_new boolean;
BEGIN
    CASE e.event_type
        WHEN "{branches}" THEN NULL;
        ELSE NULL;
    END CASE;
END projected;
END
$$;

COMMENT ON FUNCTION projection.template_one_of_sum() IS
'Template: one event, for a read table that adds up: see projection.one_text().';

REVOKE ALL ON FUNCTION projection.template_one_of_sum() FROM public;
