SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.items_to_store(
    p_items projection.batch_item[], p_key text, p_batch text, p_all_or_nothing boolean
)
RETURNS integer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_refused integer;
    v_count integer;
BEGIN
    IF EXISTS (SELECT FROM unnest(p_items) AS i WHERE i.duplicate AND i.is_derived AND i.batch <> p_batch) THEN
        RAISE EXCEPTION 'idempotency key % was used for a batch of other items', quote_literal(left(p_key, 100))
            USING ERRCODE = 'BL005', HINT = 'Repeat a batch with the same items, or send a new key.';
    END IF;
    SELECT
        count(*) FILTER (WHERE NOT i.duplicate AND i.refusal IS NULL),
        min(i.item) FILTER (WHERE i.refusal IS NOT NULL)
    INTO v_count, v_refused
    FROM unnest(p_items) AS i;
    IF p_all_or_nothing IS NOT FALSE AND v_refused IS NOT NULL THEN
        RAISE EXCEPTION 'item %: %', v_refused, (p_items[v_refused].refusal).message
            USING ERRCODE = (p_items[v_refused].refusal).sqlstate, HINT = (p_items[v_refused].refusal).hint;
    END IF;
    RETURN v_count;
END
$$;

COMMENT ON FUNCTION projection.items_to_store(projection.batch_item[], text, text, boolean) IS
'How many items of a judged batch are to be stored. Raises the refusal of the first that is refused where all or '
'nothing is wanted, and BL005 where the key was used for another batch.';

REVOKE ALL ON FUNCTION projection.items_to_store(projection.batch_item[], text, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION projection.items_to_store(projection.batch_item[], text, text, boolean)
TO betledger_app, betledger_tenant;
