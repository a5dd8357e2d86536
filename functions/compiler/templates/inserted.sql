SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_inserted()
RETURNS trigger
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    e "{event_table}";
    v_events integer := 0;
BEGIN
    -- None, one or many? A loop that is left at the second row is the cheapest way to tell.
    FOR e IN SELECT n.* FROM new_events AS n LOOP
        v_events := v_events + 1;
        EXIT WHEN v_events = 2;
    END LOOP;
    IF v_events = 1 THEN
        PERFORM "{checked}";
        PERFORM "{one}";
    ELSIF v_events = 2 THEN
        PERFORM projection.refuse_event("{name}", to_jsonb(n)) FROM new_events AS n WHERE "{valid}"(n) IS NOT TRUE;
        PERFORM "{many}";
    END IF;
    RETURN NULL;
END
$$;
