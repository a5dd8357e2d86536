SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_inserted()
RETURNS trigger
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    e "{event_table}";
    v_is_one boolean;
BEGIN
    -- None, one or many? A loop that is left at the second row is the cheapest way to tell.
    FOR e IN SELECT n.* FROM new_events AS n LOOP
        IF v_is_one THEN
            v_is_one := false;
            EXIT;
        END IF;
        v_is_one := true;
    END LOOP;
    IF v_is_one IS NULL THEN
        RETURN NULL;
    ELSIF NOT v_is_one THEN
        PERFORM projection.refuse_event("{name}", to_jsonb(n)) FROM new_events AS n
        WHERE "{valid}"(n) IS NOT TRUE;
        PERFORM "{many}";
        RETURN NULL;
    END IF;
    PERFORM "{checked}";
    PERFORM "{one}";
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION projection.template_inserted() IS
'Template: the body of projection.<event table>_inserted(): see projection.inserted_text().';

REVOKE ALL ON FUNCTION projection.template_inserted() FROM public;
