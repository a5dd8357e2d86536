SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.store_new_items(
    p_tenant_id bigint,
    p_judged projection.batch_item[],
    p_items projection.batch_item[],
    p_operation text,
    p_event_type text,
    p_batch text
)
RETURNS projection.batch_item[]
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    v_now bigint := projection.current_ms();
    v_moves projection.batch_move[];
    v_again projection.batch_item[];
    v_balance record;
    v_is_changed boolean := false;
BEGIN
    PERFORM FROM projection.store_items(p_tenant_id, p_items, p_event_type, v_now, p_batch);
    SELECT coalesce(array_agg(ROW(
        projection.event_id(p_tenant_id, p_operation || ' balance', i.idempotency_key),
        i.user_id, abs(i.amount), i.aggregate_id, v_now
    )::projection.batch_move), '{}')
    INTO v_moves
    FROM unnest(p_items) AS i
    WHERE NOT i.duplicate AND i.refusal IS NULL AND i.amount IS NOT NULL;
    PERFORM FROM projection.move_items(
        p_tenant_id, v_moves, CASE p_operation WHEN 'deposit' THEN 'V1_BALANCES_BALANCE_INCREASED'
            ELSE 'V1_BALANCES_BALANCE_DECREASED' END,
        CASE p_operation WHEN 'place_bet' THEN 'bet_id' ELSE 'payment_id' END
    );
    -- The trigger has locked the rows of the users: what is read now stays until we commit. Were it other items that
    -- can be paid from what was there before them, all begins again.
    FOR v_balance IN
        SELECT s.item, s.balance FROM (
            SELECT i.item, i.balance AS assumed, b.balance - sum(i.amount) FILTER (
                WHERE NOT i.duplicate AND i.refusal IS NULL
            ) OVER (PARTITION BY i.user_id COLLATE "C") AS balance
            FROM unnest(p_items) AS i
            JOIN public.user_balances_view AS b ON b.tenant_id = p_tenant_id AND b.user_id = i.user_id
            WHERE i.amount < 0
        ) AS s
        WHERE s.balance <> s.assumed
    LOOP
        p_judged[v_balance.item].balance := v_balance.balance;
        v_is_changed := true;
    END LOOP;
    IF v_is_changed THEN
        v_again := projection.walk_items(p_judged, p_event_type);
        IF ARRAY(SELECT i.refusal IS NULL FROM unnest(v_again) AS i ORDER BY i.item)
            <> ARRAY(SELECT i.refusal IS NULL FROM unnest(p_items) AS i ORDER BY i.item)
        THEN
            RAISE EXCEPTION 'balances were changed at the same moment' USING ERRCODE = 'BL0AG';
        END IF;
        p_items := v_again;
    END IF;
    RETURN p_items;
END
$$;

COMMENT ON FUNCTION projection.store_new_items(
    bigint, projection.batch_item[], projection.batch_item[], text, text, text
) IS
'Stores the events of the items of place_bets, deposits and withdrawals, and what they move, in one statement for '
'each event table; then looks whether the balances, which are locked now, were what they seemed. p_judged are the '
'items before projection.walk_items(), p_items after it. Gives p_items, with the balances that there were. Errors: '
'BL0AG other items could be paid, 23505 an event is there already: the caller takes all back and judges again.';

REVOKE ALL ON FUNCTION projection.store_new_items(
    bigint, projection.batch_item[], projection.batch_item[], text, text, text
) FROM public;

GRANT EXECUTE ON FUNCTION projection.store_new_items(
    bigint, projection.batch_item[], projection.batch_item[], text, text, text
) TO betledger_app, betledger_tenant;
