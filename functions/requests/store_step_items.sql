SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.store_step_items(
    p_tenant_id bigint, p_items projection.batch_item[], p_event_type text, p_batch text
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    v_status text := projection.event_status(p_event_type);
    v_now bigint := projection.current_ms();
    v_place bigint;
    v_number bigint;
    v_moves projection.batch_move[];
BEGIN
    SELECT s.place, s.number INTO v_place, v_number
    FROM projection.store_items(p_tenant_id, p_items, p_event_type, v_now, p_batch) AS s
    ORDER BY s.place, s.number LIMIT 1;
    -- The trigger has locked the bets: the events seen now are all there are before ours.
    PERFORM FROM unnest(p_items) AS i
    CROSS JOIN LATERAL (
        SELECT FROM public.bet_events AS e
        WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = i.aggregate_id AND e.id <> i.event_id
            AND (
                e.event_type = p_event_type OR projection.event_status(e.event_type) IN ('settled', 'cancelled')
                -- Stored while we waited for the lock: later by its time, or behind us in the feed.
                OR projection.event_status(e.event_type) IS NOT NULL
                AND (
                    e."timestamp" > greatest(v_now, i.event_time)
                    OR (e.feed_position, e.feed_number) > (v_place, v_number)
                )
            )
        LIMIT 1
    ) AS e
    WHERE NOT i.duplicate AND i.refusal IS NULL;
    IF FOUND THEN
        RAISE EXCEPTION 'bets were changed at the same moment' USING ERRCODE = 'BL0AG';
    END IF;
    IF v_status <> 'confirmed' THEN
        SELECT coalesce(array_agg(ROW(
            projection.event_id(
                p_tenant_id, CASE v_status WHEN 'settled' THEN 'settle' ELSE 'cancel' END || ' balance', m.bet_id
            ), m.user_id, coalesce(m.amount, -m.moved), m.bet_id, greatest(v_now, m.event_time)
        )::projection.batch_move), '{}')
        INTO v_moves
        FROM (
            SELECT
                array_agg(i.aggregate_id) AS bet_ids, array_agg(i.user_id) AS user_ids,
                array_agg(i.amount) AS amounts, array_agg(i.event_time) AS event_times
            FROM unnest(p_items) AS i
            WHERE NOT i.duplicate AND i.refusal IS NULL AND (v_status = 'cancelled' OR i.amount > 0)
        ) AS s
        CROSS JOIN LATERAL unnest(
            s.bet_ids, s.user_ids, s.amounts, s.event_times,
            projection.moved_by(p_tenant_id, s.user_ids, 'bet_id', s.bet_ids)
        ) AS m (bet_id, user_id, amount, event_time, moved)
        WHERE m.moved < 0;
        PERFORM FROM projection.move_items(p_tenant_id, v_moves, 'V1_BALANCES_BALANCE_INCREASED', 'bet_id');
    END IF;
END
$$;

COMMENT ON FUNCTION projection.store_step_items(bigint, projection.batch_item[], text, text) IS
'Stores the events of the items of confirm_bets, settle_bets and cancel_bets in one statement, whose trigger locks '
'the bets in their order; looks whether anything came in between; then stores what they give to balances. Errors: '
'BL0AG a bet was changed by others, 23505 an event is there already: the caller takes all back and judges again.';

REVOKE ALL ON FUNCTION projection.store_step_items(bigint, projection.batch_item[], text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.store_step_items(bigint, projection.batch_item[], text, text)
TO betledger_app, betledger_tenant;
