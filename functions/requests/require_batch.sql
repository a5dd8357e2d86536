SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.require_batch(p_tenant_id bigint, p_items jsonb, p_key text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    IF jsonb_typeof(p_items) IS DISTINCT FROM 'array' THEN
        PERFORM projection.refuse_argument(
            'items', coalesce('a JSON ' || jsonb_typeof(p_items), NULL), 'Send a JSON array of objects.'
        );
    ELSIF jsonb_array_length(p_items) > 50000 THEN
        PERFORM projection.refuse_argument(
            'number of items', jsonb_array_length(p_items)::text, 'Send at most 50000 items in a batch.'
        );
    ELSIF length(p_key) NOT BETWEEN 1 AND 190 THEN
        PERFORM projection.refuse_argument(
            'idempotency_key', format('%L (%s characters)', left(p_key, 20), length(p_key)),
            'Send a key of 1 to 190 characters, new for each new batch.'
        );
    END IF;
    RETURN jsonb_hash_extended(p_items, 0)::text;
END
$$;

COMMENT ON FUNCTION projection.require_batch(bigint, jsonb, text) IS
'Raises BL001 where the items of a batch are no array or more than 50000, or its key is too long for those that items '
'get from it. Gives what tells its items from others: 1 and 1.0 are the same.';

REVOKE ALL ON FUNCTION projection.require_batch(bigint, jsonb, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.require_batch(bigint, jsonb, text) TO betledger_app, betledger_tenant;
