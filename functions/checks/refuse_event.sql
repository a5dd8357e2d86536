SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse_event(p_event_table text, p_event jsonb)
RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is that of projection.field_check().
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_type projection.event_types%ROWTYPE;
    v_field record;
    v_fine boolean;
    v_problem text;
    v_hint text;
    e record;
    v_key jsonb;
BEGIN
    SELECT r.* INTO e FROM jsonb_to_record(p_event) AS r (
        id uuid, tenant_id bigint, aggregate_id text, event_type text, event_data jsonb, "timestamp" bigint,
        version integer, metadata jsonb, created_at timestamptz
    );
    v_key := e.metadata -> 'idempotency_key';
    SELECT t.* INTO v_type FROM projection.event_types AS t
    WHERE t.event_table = p_event_table AND t.event_type = e.event_type;

    IF e.tenant_id IS NULL OR e.tenant_id <= 0 THEN
        v_problem := format('tenant_id is %s', coalesce(e.tenant_id::text, 'null'));
        v_hint := 'Send the id of the tenant, a whole number above 0.';
    ELSIF e.id IS NULL THEN
        v_problem := 'id is null';
        v_hint := 'Send a new UUID for each event.';
    ELSIF e.aggregate_id IS NULL OR length(e.aggregate_id) NOT BETWEEN 1 AND 256 THEN
        v_problem := format(
            'aggregate_id is %s',
            coalesce(
                quote_literal(left(e.aggregate_id, 20)) || format(' (%s characters)', length(e.aggregate_id)),
                'null'
            )
        );
        v_hint := 'Send 1 to 256 characters.';
    ELSIF v_type.event_type IS NULL THEN
        v_problem := format('event_type is %s', coalesce(quote_literal(left(e.event_type, 100)), 'null'));
        v_hint := (
            SELECT 'Known types of this table: ' || string_agg(t.event_type, ', ' ORDER BY t.event_type) || '.'
            FROM projection.event_types AS t WHERE t.event_table = p_event_table
        );
    ELSIF e."timestamp" IS NULL OR e."timestamp" NOT BETWEEN 1 AND 4102444799999 THEN
        v_problem := format('timestamp is %s', coalesce(e."timestamp"::text, 'null'));
        v_hint := 'Send milliseconds since 1970-01-01 UTC, above 0 and before the year 2100.';
    ELSIF e.version IS DISTINCT FROM 1 THEN
        v_problem := format('version is %s', coalesce(e.version::text, 'null'));
        v_hint := 'Send 1: it is the version of the format of the event.';
    ELSIF jsonb_typeof(e.event_data) IS DISTINCT FROM 'object' THEN
        v_problem := format('event_data is %s', coalesce('a JSON ' || jsonb_typeof(e.event_data), 'null'));
        v_hint := 'Send a JSON object.';
    ELSIF jsonb_typeof(e.metadata) <> 'object' THEN
        v_problem := format('metadata is a JSON %s', jsonb_typeof(e.metadata));
        v_hint := 'Send a JSON object or null.';
    ELSIF v_key IS NOT NULL AND (jsonb_typeof(v_key) <> 'string' OR length(v_key #>> '{}') NOT BETWEEN 1 AND 200) THEN
        v_problem := format('metadata.idempotency_key is %s', left(v_key::text, 100));
        v_hint := 'Send a string of 1 to 200 characters, or leave it out.';
    ELSIF e.created_at IS NULL OR NOT isfinite(e.created_at) THEN
        v_problem := format('created_at is %s', coalesce(e.created_at::text, 'null'));
        v_hint := 'Leave created_at out, or send a time.';
    ELSE
        FOR v_field IN
            SELECT f.key AS name, f.value AS kind, e.event_data -> f.key AS json, f.required
            FROM (
                SELECT r.key, r.value, true AS required FROM jsonb_each_text(v_type.required_fields) AS r
                UNION ALL
                SELECT o.key, o.value, false FROM jsonb_each_text(v_type.optional_fields) AS o
            ) AS f
            ORDER BY f.required DESC, f.key
        LOOP
            CONTINUE WHEN NOT v_field.required AND coalesce(jsonb_typeof(v_field.json), 'null') = 'null';
            EXECUTE 'SELECT ' || projection.field_check(v_field.kind, '$1', '($1 #>> ''{}'')')
            INTO v_fine USING v_field.json;
            IF v_fine IS NOT TRUE THEN
                v_problem := format(
                    'event_data.%s is %s', v_field.name, coalesce(left(v_field.json::text, 100), 'missing')
                );
                v_hint := CASE v_field.kind
                    WHEN 'identifier' THEN 'Send a string of 1 to 200 characters.'
                    WHEN 'text' THEN 'Send a string of up to 1000 characters, or leave it out.'
                    WHEN 'result' THEN 'Send win, loss or void.'
                    WHEN 'flag' THEN 'Send true or false, or leave it out.'
                    WHEN 'amount' THEN 'Send a number above 0 with up to 20 digits before and 18 after the point.'
                    WHEN 'payout' THEN 'Send a number, 0 or more, with up to 20 digits before and 18 after the point.'
                    WHEN 'odds' THEN 'Send a number, 1 or more, with up to 20 digits before and 18 after the point.'
                END;
                EXIT;
            END IF;
        END LOOP;
        -- Last, so that a field that is too long is named.
        IF v_problem IS NULL AND (pg_column_size(e.event_data) > 65536 OR pg_column_size(e.metadata) > 65536) THEN
            v_problem := format(
                'event_data has %s and metadata %s bytes', pg_column_size(e.event_data),
                coalesce(pg_column_size(e.metadata), 0)
            );
            v_hint := 'Send at most 65536 bytes in each.';
        END IF;
    END IF;

    -- What is left is a JSON null, which looks like no metadata here.
    IF v_problem IS NULL THEN
        v_problem := 'metadata is a JSON null';
        v_hint := 'Send a JSON object or null.';
    END IF;

    RAISE EXCEPTION '%: %', coalesce(v_type.event_type, 'event in ' || p_event_table), v_problem
        USING ERRCODE = 'BL001', HINT = v_hint;
END
$$;

COMMENT ON FUNCTION projection.refuse_event(text, jsonb) IS
'Raises BL001 with the field of an event that is wrong, its value and what to send instead. Called by the check of an '
'event table once it has failed.';

REVOKE ALL ON FUNCTION projection.refuse_event(text, jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.refuse_event(text, jsonb) TO betledger_app, betledger_tenant;
