SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.payload_problem(
    p_event_table text, p_event_type text, p_event_data jsonb, OUT problem text, OUT hint text
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is that of projection.field_check().
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_field record;
    v_fine boolean;
    v_number record;
    v_cause text;
BEGIN
    FOR v_field IN
        SELECT f.key AS name, f.value AS kind, p_event_data -> f.key AS json, f.required
        FROM projection.event_types AS t
        CROSS JOIN LATERAL (
            SELECT r.key, r.value, true AS required FROM jsonb_each_text(t.required_fields) AS r
            UNION ALL
            SELECT o.key, o.value, false FROM jsonb_each_text(t.optional_fields) AS o
        ) AS f
        WHERE t.event_table = p_event_table AND t.event_type = p_event_type
        ORDER BY f.required DESC, f.key
    LOOP
        CONTINUE WHEN NOT v_field.required AND coalesce(jsonb_typeof(v_field.json), 'null') = 'null';
        EXECUTE 'SELECT ' || projection.field_check(v_field.kind, '$1', '($1 #>> ''{}'')')
        INTO v_fine USING v_field.json;
        IF v_fine IS NOT TRUE THEN
            problem := format(
                'event_data.%s is %s', v_field.name, coalesce(left(v_field.json::text, 100), 'missing')
            );
            v_number := projection.number_kind(v_field.kind);
            hint := CASE v_field.kind
                WHEN 'identifier' THEN 'Send a string of 1 to 200 characters.'
                WHEN 'text' THEN 'Send a string of up to 1000 characters, or leave it out.'
                WHEN 'result' THEN 'Send win, loss or void.'
                WHEN 'flag' THEN 'Send true or false, or leave it out.'
                ELSE format(
                    'Send a number%s with up to 20 digits before and %s after the point.',
                    CASE v_number.bound
                        WHEN '> 0' THEN ' above 0' WHEN '>= 0' THEN ', 0 or more,' ELSE ', 1 or more,'
                    END,
                    v_number.places
                )
            END;
            RETURN;
        END IF;
    END LOOP;
    v_cause := CASE WHEN p_event_data ->> 'payment_id' IS NULL THEN 'bet_id' ELSE 'payment_id' END;
    IF length(p_event_data ->> v_cause) > 256 THEN
        problem := format('event_data.%s has %s characters', v_cause, length(p_event_data ->> v_cause));
        hint := 'Send the id of a payment or a bet, of up to 256 characters, or leave it out.';
    END IF;
END
$$;

COMMENT ON FUNCTION projection.payload_problem(text, text, jsonb) IS
'What is wrong with the payload of an event, and what to send instead; null where nothing is. Example: SELECT * FROM '
'projection.payload_problem(''public.bet_events'', ''V1_BETS_BET_SETTLED'', ''{"result": "won"}'').';

REVOKE ALL ON FUNCTION projection.payload_problem(text, text, jsonb) FROM public;
