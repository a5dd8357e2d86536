SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.payment_item_results(p_tenant_id bigint, p_items projection.batch_item[])
RETURNS SETOF public.payment_item_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    v_rows integer;
    v_unseen text;
BEGIN
    RETURN QUERY SELECT
        i.item, p.tenant_id, p.payment_id, p.user_id, p.type, p.amount, p.status, p.idempotency_key, p.created_at,
        p.last_updated_at,
        -- As after this item: without what later ones have moved.
        CASE WHEN i.refusal IS NULL THEN trim_scale(coalesce((
            SELECT u.balance FROM public.user_balances_view AS u
            WHERE u.tenant_id = p_tenant_id AND u.user_id = p.user_id
        ), 0) - coalesce(i.moved_later, 0)) END,
        CASE WHEN i.refusal IS NULL THEN i.duplicate END,
        (i.refusal).sqlstate, (i.refusal).message, (i.refusal).hint
    FROM (
        SELECT u.item, u.aggregate_id, u.duplicate, u.refusal,
            sum(u.amount) FILTER (WHERE NOT u.duplicate AND u.refusal IS NULL) OVER (
                PARTITION BY u.user_id COLLATE "C" ORDER BY u.item ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
            ) AS moved_later
        FROM unnest(p_items) AS u
    ) AS i
    LEFT JOIN LATERAL (
        SELECT t.* FROM public.payments_view AS t
        WHERE t.tenant_id = p_tenant_id AND t.payment_id = i.aggregate_id
        OFFSET 0
    ) AS p ON i.refusal IS NULL
    WHERE i.refusal IS NOT NULL OR p.payment_id IS NOT NULL
    ORDER BY i.item;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    IF v_rows < cardinality(p_items) THEN
        SELECT i.aggregate_id INTO v_unseen
        FROM unnest(p_items) AS i
        WHERE i.refusal IS NULL AND NOT EXISTS (
            SELECT FROM public.payments_view AS t WHERE t.tenant_id = p_tenant_id AND t.payment_id = i.aggregate_id
        )
        LIMIT 1;
        PERFORM projection.refuse_unseen('payment', v_unseen, p_tenant_id);
    END IF;
END
$$;

COMMENT ON FUNCTION projection.payment_item_results(bigint, projection.batch_item[]) IS
'What functions that make many payments give. Error: BL002 what was stored cannot be seen.';

REVOKE ALL ON FUNCTION projection.payment_item_results(bigint, projection.batch_item[]) FROM public;

GRANT EXECUTE ON FUNCTION projection.payment_item_results(bigint, projection.batch_item[])
TO betledger_app, betledger_tenant;
