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
    -- None, one or many? Two rows are enough to tell. What their tenants may not is asked here, too: a statement of its
    -- own would cost twice as much.
    FOR e IN
        SELECT n.* FROM new_events AS n
        LEFT JOIN public.tenants AS t
            ON t.tenant_id = n.tenant_id
                AND (t.status <> 'active' OR "{finer}"(n.event_type, n.event_data, t.scale))
        WHERE t.tenant_id IS NULL OR projection.refuse_tenant("{name}", n.event_type, n.event_data, to_jsonb(t))
        LIMIT 2
    LOOP
        v_is_one := v_is_one IS NULL;
    END LOOP;
    IF v_is_one THEN
        PERFORM "{usual}";
        CASE e.event_type
            WHEN "{types}" THEN NULL;
            ELSE PERFORM projection.refuse_event("{name}", to_jsonb(e));
        END CASE;
    ELSIF NOT v_is_one THEN
        PERFORM "{tenant}";
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
