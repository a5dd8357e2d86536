SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.check_items(
    p_tenant_id bigint, p_items projection.batch_item[], p_event_type text, p_is_usual_too boolean
)
RETURNS projection.batch_item[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table text := CASE WHEN p_event_type LIKE 'V1_BETS_%' THEN 'public.bet_events' ELSE 'public.payment_events' END;
    i record;
    v_tenant record;
    v_problem projection.refusal;
    v_refusal projection.refusal;
BEGIN
    SELECT t.currency, t.scale, t.status INTO v_tenant FROM public.tenants AS t WHERE t.tenant_id = p_tenant_id;
    FOR i IN
        SELECT u.item, u.event_id, u.aggregate_id, u.event_data, u.idempotency_key
        FROM unnest(p_items) AS u
        WHERE u.judged_by IS NULL AND (
            u.is_usual IS NOT TRUE OR p_is_usual_too OR v_tenant.status <> 'active'
            OR scale(trim_scale(projection.number_of(
                coalesce(u.event_data -> 'amount', u.event_data -> 'stake', u.event_data -> 'payout')
            ))) > v_tenant.scale
        )
    LOOP
        v_problem := projection.event_problem(v_table, jsonb_build_object(
            'id', i.event_id, 'tenant_id', p_tenant_id, 'aggregate_id', i.aggregate_id,
            'event_type', p_event_type, 'event_data', i.event_data, 'timestamp', projection.current_ms(),
            'version', 1, 'created_at', now(), 'metadata', CASE WHEN i.idempotency_key IS NULL THEN '{}'
                ELSE jsonb_build_object('idempotency_key', i.idempotency_key) END
        ));
        -- As for a single event: what its tenant may comes first, but for what is large or has no good key.
        v_refusal := NULL;
        IF v_problem IS NOT NULL AND (
            length(i.idempotency_key) BETWEEN 1 AND 200 AND pg_column_size(i.event_data) <= 200
        ) IS NOT TRUE THEN
            v_refusal := v_problem;
        END IF;
        IF v_refusal IS NULL THEN
            v_refusal := projection.closed_refusal(p_tenant_id, v_tenant.status);
        END IF;
        IF v_refusal IS NULL AND v_tenant.scale IS NOT NULL THEN
            v_refusal := projection.scale_refusal(
                v_table, p_event_type, i.event_data, p_tenant_id, v_tenant.currency, v_tenant.scale
            );
        END IF;
        IF v_refusal IS NULL THEN
            v_refusal := v_problem;
        END IF;
        IF v_refusal IS NOT NULL THEN
            p_items[i.item].refusal := v_refusal;
            p_items[i.item].judged_by := 2;
        END IF;
    END LOOP;
    RETURN p_items;
END
$$;

COMMENT ON FUNCTION projection.check_items(bigint, projection.batch_item[], text, boolean) IS
'The items of a batch, those refused whose event its tenant may not store or its table does not take: looks at each '
'that is not surely fine, or at all. Apart from other queries: on Citus, none of those that run on a shard may read '
'what tells it.';

REVOKE ALL ON FUNCTION projection.check_items(bigint, projection.batch_item[], text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION projection.check_items(bigint, projection.batch_item[], text, boolean)
TO betledger_app, betledger_tenant;
