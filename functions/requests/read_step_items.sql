-- requires: functions/requests/items_of_batch.sql
-- requires: functions/requests/number_of.sql
-- requires: functions/requests/number_sent.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.read_step_items(
    p_tenant_id bigint, p_items jsonb, p_key text, p_event_type text
)
RETURNS projection.batch_item[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    v_status text := projection.event_status(p_event_type);
    v_fields text[] := CASE v_status
        WHEN 'settled' THEN '{bet_id,result,payout,idempotency_key}'
        WHEN 'cancelled' THEN '{bet_id,reason,idempotency_key}'
        ELSE '{bet_id,idempotency_key}'
    END;
    v_items projection.batch_item[];
BEGIN
    SELECT coalesce(array_agg(ROW(
        s.item, s.bet_id, NULL, s.key, s.is_derived,
        coalesce(projection.event_id(p_tenant_id, v_status, s.key), gen_random_uuid()),
        s.data || jsonb_build_object('bet_id', s.bet_id),
        CASE WHEN s.data -> 'reason' = 'null' THEN s.data - 'reason' ELSE s.data END,
        coalesce(length(s.key) BETWEEN 1 AND 200, true) AND CASE v_status
            WHEN 'settled' THEN s.data ->> 'result' IN ('win', 'loss', 'void')
                AND s.payout >= 0 AND s.payout < 1e20 AND scale(s.payout) <= 18
            WHEN 'cancelled' THEN jsonb_typeof(s.data -> 'reason') = 'null'
            ELSE true
        END,
        s.payout, NULL, NULL, false,
        s.refusal, CASE WHEN s.refusal IS NOT NULL THEN 1 END, NULL
    )::projection.batch_item ORDER BY s.item), '{}')
    INTO v_items
    FROM (
        SELECT
            i.item, i.key, i.is_derived, i.value ->> 'bet_id' AS bet_id, d.data, d.payout,
            CASE
                WHEN i.refusal IS NOT NULL THEN i.refusal
                WHEN jsonb_typeof(i.value -> 'bet_id') NOT IN ('string', 'null') THEN ROW(
                    'BL001', 'bet_id is ' || left(i.value ->> 'bet_id', 100), 'Send the id of a bet, a string.'
                )::projection.refusal
                WHEN d.data ->> 'result' = 'loss' AND d.payout <> 0 OR d.data ->> 'result' = 'win' AND d.payout = 0
                    THEN projection.payout_refusal(d.data ->> 'result', d.payout, NULL)
            END AS refusal
        FROM projection.items_of_batch(p_items, p_key, v_fields) AS i
        CROSS JOIN LATERAL (
            SELECT
                CASE v_status
                    WHEN 'settled' THEN jsonb_build_object(
                        'result', i.value -> 'result', 'payout', projection.number_sent(i.value -> 'payout')
                    )
                    WHEN 'cancelled' THEN jsonb_build_object('reason', i.value -> 'reason')
                    ELSE '{}'
                END AS data,
                projection.number_of(i.value -> 'payout') AS payout
            OFFSET 0
        ) AS d
        OFFSET 0
    ) AS s;
    RETURN v_items;
END
$$;

COMMENT ON FUNCTION projection.read_step_items(bigint, jsonb, text, text) IS
'The items of confirm_bets, settle_bets and cancel_bets as they were sent: what each asks for, its event, and whether '
'it is refused whatever is stored. Touches no table. Example: SELECT * FROM unnest(projection.read_step_items(10001, '
'''[{"bet_id": "bet-1"}]'', ''key-1'', ''V1_BETS_BET_CONFIRMED'')).';

REVOKE ALL ON FUNCTION projection.read_step_items(bigint, jsonb, text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.read_step_items(bigint, jsonb, text, text) TO betledger_app, betledger_tenant;
