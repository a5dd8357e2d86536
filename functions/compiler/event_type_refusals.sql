SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.event_type_refusals(p_event_table text)
RETURNS TABLE (what text, problem text, remedy text)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('field %s of event type %s', f.key, t.event_type), format('has the unknown kind %s', f.value),
        'Known: identifier, text, result, flag, amount, payout, odds; amount(2) allows two decimals.'
    FROM projection.registered_types() AS t
    CROSS JOIN LATERAL jsonb_each_text(t.required_fields || t.optional_fields) AS f
    WHERE t.event_table = p_event_table AND projection.field_check(f.value, '', '') IS NULL
    UNION ALL
    SELECT format('event type %s', t.event_type), 'is one of which no projection says anything',
        'Say what it means in a definition, or register it with has_effect = false.'
    FROM projection.registered_types() AS t
    WHERE t.event_table = p_event_table AND t.has_effect AND NOT EXISTS (
        SELECT FROM projection.registered_sources() AS s
        CROSS JOIN LATERAL projection.said_by(s.definition, t.event_type) AS d
        WHERE s.source_table = p_event_table AND d.condition IS DISTINCT FROM 'false'
    )
    UNION ALL
    SELECT format('event type %s', t.event_type), format('has the kind %s, by which no amount is told', t.kind),
        format('Register it with one of the kinds %s.', array_to_string(k.kinds, ', '))
    FROM projection.registered_types() AS t
    JOIN (VALUES
        ('public.bet_events', '{bet}'::text[]),
        ('public.payment_events', '{deposit,withdrawal}'),
        ('public.balance_events', '{credit,debit}')
    ) AS k (event_table, kinds) USING (event_table)
    WHERE t.event_table = p_event_table AND t.has_effect AND t.kind <> ALL (k.kinds)
    UNION ALL
    SELECT format('event type %s', t.event_type),
        format('is too much like %s of %s', o.event_type, o.event_table),
        'One that differs in more than capital letters, in one event table.'
    FROM projection.registered_types() AS t
    JOIN projection.registered_types() AS o
        ON lower(o.event_type COLLATE "C") = lower(t.event_type COLLATE "C") AND o IS DISTINCT FROM t
    WHERE t.event_table = p_event_table
    UNION ALL
    SELECT format('event table %s', p_event_table), 'has no event type',
        'Register its types in projection.event_types first.'
    WHERE NOT EXISTS (SELECT FROM projection.registered_types() AS t WHERE t.event_table = p_event_table)
$$;

COMMENT ON FUNCTION projection.event_type_refusals(text) IS
'What is wrong with the event types of an event table: see projection.check_definitions().';

REVOKE ALL ON FUNCTION projection.event_type_refusals(text) FROM public;
