SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.bet_item_results(p_tenant_id bigint, p_items projection.batch_item[])
RETURNS SETOF public.bet_item_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    v_rows integer;
    v_unseen text;
BEGIN
    RETURN QUERY SELECT
        i.item, b.tenant_id, b.bet_id, b.user_id, b.stake, b.odds, b.fixture_id, b.status, b.result, b.payout,
        b.idempotency_key, b.created_at, b.last_updated_at, CASE WHEN i.refusal IS NULL THEN i.duplicate END,
        (i.refusal).sqlstate, (i.refusal).message, (i.refusal).hint
    FROM unnest(p_items) AS i
    LEFT JOIN LATERAL (
        SELECT t.* FROM public.bets_view AS t
        WHERE t.tenant_id = p_tenant_id AND t.bet_id = i.aggregate_id
        OFFSET 0
    ) AS b ON i.refusal IS NULL
    WHERE i.refusal IS NOT NULL OR b.bet_id IS NOT NULL
    ORDER BY i.item;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    IF v_rows < cardinality(p_items) THEN
        SELECT i.aggregate_id INTO v_unseen
        FROM unnest(p_items) AS i
        WHERE i.refusal IS NULL AND NOT EXISTS (
            SELECT FROM public.bets_view AS t WHERE t.tenant_id = p_tenant_id AND t.bet_id = i.aggregate_id
        )
        LIMIT 1;
        PERFORM projection.refuse_unseen('bet', v_unseen, p_tenant_id);
    END IF;
END
$$;

COMMENT ON FUNCTION projection.bet_item_results(bigint, projection.batch_item[]) IS
'What functions that change many bets give. Error: BL002 what was stored cannot be seen.';

REVOKE ALL ON FUNCTION projection.bet_item_results(bigint, projection.batch_item[]) FROM public;

GRANT EXECUTE ON FUNCTION projection.bet_item_results(bigint, projection.batch_item[])
TO betledger_app, betledger_tenant;
