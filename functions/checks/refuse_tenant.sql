SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse_tenant(
    p_event_table text, p_event_type text, p_event_data jsonb, p_tenant jsonb
)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_problem text;
    v_hint text;
BEGIN
    PERFORM projection.refuse_closed((p_tenant ->> 'tenant_id')::bigint, p_tenant ->> 'status');
    -- What is no amount at all is told first.
    SELECT p.problem, p.hint INTO v_problem, v_hint
    FROM projection.payload_problem(p_event_table, p_event_type, p_event_data) AS p;
    IF v_problem IS NULL THEN
        SELECT format('event_data.%s is %s', f.key, p_event_data -> f.key), format(
            'Tenant %s counts in %s: send at most %s decimals.',
            p_tenant ->> 'tenant_id', p_tenant ->> 'currency', p_tenant ->> 'scale'
        )
        INTO v_problem, v_hint
        FROM projection.event_types AS t
        CROSS JOIN LATERAL jsonb_each_text(t.required_fields || t.optional_fields) AS f
        WHERE t.event_table = p_event_table AND t.event_type = p_event_type AND f.value ~ '^(amount|payout)'
            AND projection.places(p_event_data ->> f.key) > (p_tenant ->> 'scale')::integer
        ORDER BY f.key LIMIT 1;
    END IF;
    RAISE EXCEPTION '%: %', p_event_type, v_problem USING ERRCODE = 'BL001', HINT = v_hint;
END
$$;

COMMENT ON FUNCTION projection.refuse_tenant(text, text, jsonb, jsonb) IS
'Refuses an event of a tenant with a row in public.tenants (the last argument) that it may not store: BL008 the tenant '
'is suspended or closed, BL001 an amount has more decimals than its scale. Called by the check of an event table once '
'it has failed; a boolean, so that it fits into a condition.';

REVOKE ALL ON FUNCTION projection.refuse_tenant(text, text, jsonb, jsonb) FROM public;
