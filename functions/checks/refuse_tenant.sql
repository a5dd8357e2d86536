SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse_tenant(
    p_event_table text, p_event_type text, p_event_data jsonb, p_tenant_id bigint, p_currency text, p_scale integer,
    p_status text
)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_field text;
    v_problem text;
    v_hint text;
BEGIN
    PERFORM projection.refuse_closed(p_tenant_id, p_status);
    SELECT f.key INTO v_field
    FROM projection.event_types AS t
    CROSS JOIN LATERAL jsonb_each_text(t.required_fields || t.optional_fields) AS f
    WHERE t.event_table = p_event_table AND t.event_type = p_event_type AND f.value ~ '^(amount|payout)'
        AND projection.places(p_event_data ->> f.key) > p_scale
    ORDER BY f.key LIMIT 1;
    IF FOUND THEN
        -- What is no amount at all is told first.
        SELECT coalesce(p.problem, format('event_data.%s is %s', v_field, p_event_data -> v_field)),
            coalesce(p.hint, format(
                'Tenant %s counts in %s: send at most %s decimals.', p_tenant_id, p_currency, p_scale
            ))
        INTO v_problem, v_hint
        FROM projection.payload_problem(p_event_table, p_event_type, p_event_data) AS p;
        RAISE EXCEPTION '%: %', p_event_type, v_problem USING ERRCODE = 'BL001', HINT = v_hint;
    END IF;
    RETURN true;
END
$$;

COMMENT ON FUNCTION projection.refuse_tenant(text, text, jsonb, bigint, text, integer, text) IS
'Refuses an event that its tenant, by the row in public.tenants (the last arguments), may not store: BL008 it is '
'suspended or closed, BL001 an amount has more decimals than its scale. Else true, so that it fits into a condition. '
'Called by the check of an event table for what projection.suspect_path() tells.';

REVOKE ALL ON FUNCTION projection.refuse_tenant(text, text, jsonb, bigint, text, integer, text) FROM public;
