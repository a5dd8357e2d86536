SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_inserted()
RETURNS trigger
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    e "{event_table}";
    v_is_many boolean;
BEGIN
    -- None, one or many? A loop that is left at the second row is the cheapest way to tell.
    FOR e IN SELECT n.* FROM new_events AS n LOOP
        v_is_many := v_is_many IS NOT NULL;
        EXIT WHEN v_is_many;
    END LOOP;
    IF v_is_many THEN
        PERFORM projection.refuse_event("{name}", to_jsonb(n)) FROM new_events AS n
        WHERE "{valid}"(n) IS NOT TRUE;
        PERFORM "{many}";
    ELSIF v_is_many IS NOT NULL THEN
        PERFORM "{one}";
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION projection.template_inserted() IS
'Template: the body of projection.<event table>_inserted(): see projection.inserted_text().';

REVOKE ALL ON FUNCTION projection.template_inserted() FROM public;
