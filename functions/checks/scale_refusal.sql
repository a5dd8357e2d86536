-- requires: functions/checks/places.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.scale_refusal(
    p_event_table text, p_event_type text, p_event_data jsonb, p_tenant_id bigint, p_currency text, p_scale integer,
    OUT refusal projection.refusal
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
DECLARE
    v_field text;
    v_problem text;
    v_hint text;
BEGIN
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
        refusal := ROW('BL001', format('%s: %s', p_event_type, v_problem), v_hint);
    END IF;
END
$$;

COMMENT ON FUNCTION projection.scale_refusal(text, text, jsonb, bigint, text, integer) IS
'The refusal of an event with an amount of more decimals than the scale of its tenant, which is given with its '
'currency; null where there is none. Example: SELECT * FROM projection.scale_refusal(''public.payment_events'', '
'''V1_PAYMENTS_DEPOSIT_CREATED'', ''{"amount": 1.234}'', 10001, ''EUR'', 2).';

REVOKE ALL ON FUNCTION projection.scale_refusal(text, text, jsonb, bigint, text, integer) FROM public;

GRANT EXECUTE ON FUNCTION projection.scale_refusal(text, text, jsonb, bigint, text, integer)
TO betledger_app, betledger_tenant;
