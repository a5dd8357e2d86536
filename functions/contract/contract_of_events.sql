SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.contract_of_events()
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(jsonb_object_agg(t.event_type, jsonb_strip_nulls(jsonb_build_object(
        'table', t.event_table, 'kind', t.kind, 'status', t.status, 'has_effect', t.has_effect,
        'fields', (
            SELECT coalesce(jsonb_object_agg(f.name, jsonb_build_object(
                'kind', f.kind,
                'json', CASE
                    WHEN (projection.number_kind(f.kind)).bound IS NOT NULL THEN 'number'
                    WHEN f.kind = 'flag' THEN 'boolean'
                    ELSE 'string'
                END,
                'required', f.required
            )), '{}')
            FROM (
                SELECT r.name, r.kind, true AS required FROM jsonb_each_text(t.required_fields) AS r (name, kind)
                UNION ALL
                SELECT o.name, o.kind, false FROM jsonb_each_text(t.optional_fields) AS o (name, kind)
            ) AS f
        )
    ))), '{}')
    FROM projection.registered_types() AS t
$$;

COMMENT ON FUNCTION projection.contract_of_events() IS
'The event types, by name: their table, kind and status, and the fields of their event_data. A number may come as a '
'numeric string, too.';

REVOKE ALL ON FUNCTION projection.contract_of_events() FROM public;

GRANT EXECUTE ON FUNCTION projection.contract_of_events() TO betledger_operator;
