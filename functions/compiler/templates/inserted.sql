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
    -- None, one or many? Two rows are enough to tell.
    FOR e IN SELECT n.* FROM new_events AS n LIMIT 2 LOOP
        v_is_one := v_is_one IS NULL;
    END LOOP;
    IF v_is_one THEN
        PERFORM "{usual}";
        CASE e.event_type
            WHEN "{types}" THEN NULL;
            ELSE PERFORM projection.refuse_event("{name}", to_jsonb(e));
        END CASE;
    ELSIF NOT v_is_one THEN
        PERFORM "{tenants}";
        PERFORM projection.refuse_event("{name}", to_jsonb(n)) FROM new_events AS n
        WHERE "{valid}"(n) IS NOT TRUE;
        PERFORM "{many}";
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION projection.template_inserted() IS
'Template: the body of projection.<event table>_inserted(): see projection.inserted_text().';

REVOKE ALL ON FUNCTION projection.template_inserted() FROM public;
