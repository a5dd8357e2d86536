SET LOCAL ROLE betledger_owner;

-- Inlined where it is called: no SET clause, not volatile.
CREATE OR REPLACE FUNCTION projection.items_of_batch(p_items jsonb, p_key text, p_fields text[])
RETURNS TABLE (item integer, value jsonb, key text, is_derived boolean, refusal projection.refusal)
LANGUAGE sql STABLE
AS $$
    SELECT
        e.item::integer,
        e.value,
        coalesce(e.value ->> 'idempotency_key', p_key || '/' || e.item),
        e.value ->> 'idempotency_key' IS NULL AND p_key IS NOT NULL,
        CASE
            WHEN jsonb_typeof(e.value) <> 'object' THEN ROW(
                'BL001', 'item is a JSON ' || jsonb_typeof(e.value),
                'Send an object with ' || array_to_string(p_fields, ', ') || '.'
            )::projection.refusal
            WHEN e.value - p_fields <> '{}' THEN ROW(
                'BL001', 'item has the fields ' || left(array_to_string(ARRAY(
                    SELECT quote_ident(left(f, 100)) FROM jsonb_object_keys(e.value - p_fields) AS f ORDER BY f
                ), ', '), 100), 'Send ' || array_to_string(p_fields, ', ') || ' only.'
            )::projection.refusal
            WHEN jsonb_typeof(e.value -> 'idempotency_key') NOT IN ('string', 'null') THEN ROW(
                'BL001', 'idempotency_key is ' || left(e.value ->> 'idempotency_key', 100),
                'Send a string of 1 to 200 characters, or leave it out.'
            )::projection.refusal
        END
    FROM jsonb_array_elements(p_items) WITH ORDINALITY AS e (value, item)
$$;

COMMENT ON FUNCTION projection.items_of_batch(jsonb, text, text[]) IS
'The items of a batch with their numbers and keys: that of the item or, of one without, that of the batch with the '
'number after it. Example: SELECT * FROM projection.items_of_batch(''[{"bet_id": "bet-1"}]'', ''key-1'', '
'''{bet_id}'').';

REVOKE ALL ON FUNCTION projection.items_of_batch(jsonb, text, text[]) FROM public;

GRANT EXECUTE ON FUNCTION projection.items_of_batch(jsonb, text, text[]) TO betledger_app, betledger_tenant;
