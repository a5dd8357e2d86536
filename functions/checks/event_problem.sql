SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.event_problem(
    p_event_table text, p_event jsonb, OUT refusal projection.refusal
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
DECLARE
    v_type projection.event_types%ROWTYPE;
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
    ELSIF e."timestamp" IS NULL OR e."timestamp" < 946684800000
        OR e."timestamp" > date_part('epoch', now()) * 1000 + 86400000
    THEN
        v_problem := format('timestamp is %s', coalesce(e."timestamp"::text, 'null'));
        v_hint := 'Send milliseconds (not seconds) since 1970-01-01 UTC, from the year 2000 on, '
            'and at most a day ahead of the server.';
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
        SELECT p.problem, p.hint INTO v_problem, v_hint
        FROM projection.payload_problem(p_event_table, e.event_type, e.event_data) AS p;
        -- Last, so that a field that is too long is named.
        IF v_problem IS NULL AND (pg_column_size(e.event_data) > 65536 OR pg_column_size(e.metadata) > 65536) THEN
            v_problem := format(
                'event_data has %s and metadata %s bytes', pg_column_size(e.event_data),
                coalesce(pg_column_size(e.metadata), 0)
            );
            v_hint := 'Send at most 65536 bytes in each.';
        END IF;
    END IF;

    IF v_problem IS NULL AND strpos(
        pg_get_functiondef(to_regproc(projection.local_function(p_event_table, 'valid', NULL))),
        quote_literal(e.event_type)
    ) = 0 THEN
        v_problem := 'the type is registered, and not compiled yet';
        v_hint := 'Run betledger migrate, or SELECT projection.compile().';
    END IF;
    IF v_problem IS NOT NULL THEN
        refusal.sqlstate := 'BL001';
        refusal.message := format('%s: %s', coalesce(v_type.event_type, 'event in ' || p_event_table), v_problem);
        refusal.hint := v_hint;
    END IF;
END
$$;

COMMENT ON FUNCTION projection.event_problem(text, jsonb) IS
'The refusal of an event that is not what its table takes: the field, its value and what to send instead; null where '
'nothing is wrong. Example: SELECT * FROM projection.event_problem(''public.bet_events'', ''{"id": null}'').';

REVOKE ALL ON FUNCTION projection.event_problem(text, jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.event_problem(text, jsonb)
TO betledger_app, betledger_tenant, betledger_operator;
