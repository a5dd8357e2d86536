SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_of_state()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- "{read_table}": what the event says of its row, and what the row was.
<<projected>>
DECLARE
    said "{type}";
    was "{type}";
    v_is_new boolean;
BEGIN
    IF e.event_type NOT IN ("{beginnings}") THEN
        SELECT "{columns}" INTO was
        FROM "{read_table}" AS t
        WHERE "{key}" FOR NO KEY UPDATE;
    END IF;
    CASE e.event_type
        WHEN "{branches}" THEN NULL;
        ELSE NULL;
    END CASE;
    -- Late, tied, or out of the ordinary: fold all events of the stream.
    PERFORM "{refresh}"(ARRAY[e.tenant_id], ARRAY["{key_value}"]);
END projected;
END
$$;

COMMENT ON FUNCTION projection.template_one_of_state() IS
'Template: one event, for a read table of kind state: see projection.one_text().';

REVOKE ALL ON FUNCTION projection.template_one_of_state() FROM public;
