SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.walk_items(p_items projection.batch_item[], p_event_type text)
RETURNS projection.batch_item[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    i record;
    v_first projection.batch_item;
    v_with_key integer[] := array_fill(NULL::integer, ARRAY[cardinality(p_items)]);
    v_with_aggregate integer[] := array_fill(NULL::integer, ARRAY[cardinality(p_items)]);
    v_balances numeric[] := array_fill(NULL::numeric, ARRAY[cardinality(p_items)]);
    v_balance numeric;
BEGIN
    -- All that can depend on an item before: those that take money, and those that share a key, a bet or a payment.
    FOR i IN
        SELECT
            s.item, s.aggregate_id, s.user_id, s.amount, s.balance, s.duplicate, s.judged_by,
            CASE WHEN s.idempotency_key IS NOT NULL
                THEN dense_rank() OVER (ORDER BY s.idempotency_key COLLATE "C")
            END AS key_no,
            dense_rank() OVER (ORDER BY s.aggregate_id COLLATE "C") AS aggregate_no,
            dense_rank() OVER (ORDER BY s.user_id COLLATE "C") AS user_no
        FROM (
            SELECT
                u.item, u.aggregate_id, u.user_id, u.idempotency_key, u.amount, u.balance, u.duplicate, u.judged_by
            FROM unnest(p_items) AS u
            WHERE u.amount < 0
                OR u.idempotency_key IN (
                    SELECT k.idempotency_key FROM unnest(p_items) AS k
                    GROUP BY k.idempotency_key HAVING count(*) > 1
                )
                OR u.aggregate_id IN (
                    SELECT a.aggregate_id FROM unnest(p_items) AS a GROUP BY a.aggregate_id HAVING count(*) > 1
                )
        ) AS s
        ORDER BY s.item
    LOOP
        CONTINUE WHEN i.judged_by = 1;
        IF v_with_key[i.key_no] IS NOT NULL THEN
            v_first := p_items[v_with_key[i.key_no]];
            p_items[i.item].refusal := projection.request_difference(
                v_first.idempotency_key, p_event_type, p_event_type, v_first.sent, p_items[i.item].sent
            );
            p_items[i.item].duplicate := true;
        ELSIF i.duplicate OR i.judged_by = 2 THEN
            CONTINUE;
        ELSIF v_with_aggregate[i.aggregate_no] IS NOT NULL THEN
            p_items[i.item].refusal := projection.step_refusal(i.aggregate_id, p_event_type, p_event_type);
        ELSIF i.judged_by IS NULL THEN
            IF i.amount < 0 THEN
                v_balance := trim_scale(coalesce(v_balances[i.user_no], i.balance) + i.amount);
                IF v_balance < 0 THEN
                    p_items[i.item].refusal := projection.funds_refusal(i.user_id, v_balance, -i.amount);
                    CONTINUE;
                END IF;
                v_balances[i.user_no] := v_balance;
            END IF;
            IF i.key_no IS NOT NULL THEN
                v_with_key[i.key_no] := i.item;
            END IF;
            v_with_aggregate[i.aggregate_no] := i.item;
        END IF;
    END LOOP;
    RETURN p_items;
END
$$;

COMMENT ON FUNCTION projection.walk_items(projection.batch_item[], text) IS
'The items of a batch, each of which has been judged as if it were alone, as they are one after the other: the second '
'with a key repeats the first (or BL005), the second step of a bet is forbidden (BL003), money is spent once (BL004). '
'Touches no table.';

REVOKE ALL ON FUNCTION projection.walk_items(projection.batch_item[], text) FROM public;

GRANT EXECUTE ON FUNCTION projection.walk_items(projection.batch_item[], text) TO betledger_app, betledger_tenant;
