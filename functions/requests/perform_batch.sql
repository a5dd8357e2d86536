SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.perform_batch(
    p_tenant_id bigint, p_items jsonb, p_key text, p_all_or_nothing boolean, p_operation text
)
RETURNS projection.batch_item[]
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
    v_batch text := projection.require_batch(p_tenant_id, p_items, p_key);
    v_event_type text := CASE p_operation
        WHEN 'place_bet' THEN 'V1_BETS_BET_PLACED'
        WHEN 'confirm_bet' THEN 'V1_BETS_BET_CONFIRMED'
        WHEN 'settle_bet' THEN 'V1_BETS_BET_SETTLED'
        WHEN 'cancel_bet' THEN 'V1_BETS_BET_CANCELLED'
        WHEN 'deposit' THEN 'V1_PAYMENTS_DEPOSIT_CREATED'
        WHEN 'withdraw' THEN 'V1_PAYMENTS_WITHDRAWAL_CREATED'
    END;
    v_event_table text := CASE WHEN p_operation IN ('deposit', 'withdraw') THEN 'public.payment_events'
        ELSE 'public.bet_events' END;
    v_is_new boolean := p_operation IN ('place_bet', 'deposit', 'withdraw');
    -- Doubts that an attempt has left: the check found a bad event, or a key or an id is there already.
    v_checks_all boolean := false;
    v_asks_all boolean := false;
    v_attempts integer := 0;
    v_lock_timeout text := current_setting('lock_timeout');
    v_known jsonb;
    v_sent projection.batch_item[];
    v_judged projection.batch_item[];
    v_items projection.batch_item[];
BEGIN
    IF v_is_new THEN
        v_sent := projection.read_new_items(p_tenant_id, p_items, p_key, p_operation);
    ELSE
        v_sent := projection.read_step_items(p_tenant_id, p_items, p_key, v_event_type);
    END IF;
    v_sent := projection.check_items(p_tenant_id, v_sent, v_event_type, v_checks_all);
    LOOP
        IF v_asks_all THEN
            v_known := projection.known_keys(p_tenant_id, v_event_table, ARRAY(
                SELECT i.idempotency_key FROM unnest(v_sent) AS i WHERE i.idempotency_key IS NOT NULL
            ));
        END IF;
        IF v_is_new THEN
            v_judged := projection.judge_new_items(
                p_tenant_id, v_sent, p_operation, v_event_type, v_known, v_asks_all
            );
        ELSE
            v_judged := projection.judge_step_items(p_tenant_id, v_sent, v_event_type, v_known, v_asks_all);
        END IF;
        v_items := projection.walk_items(v_judged, v_event_type);
        IF NOT v_asks_all AND EXISTS (SELECT FROM unnest(v_items) AS i WHERE i.refusal IS NOT NULL) THEN
            -- What is refused may have a key that is known, and is then answered by that.
            v_asks_all := true;
            CONTINUE;
        END IF;
        EXIT WHEN projection.items_to_store(v_items, p_key, v_batch, p_all_or_nothing) = 0;
        BEGIN
            IF v_attempts > 0 THEN
                -- Who waited for what the attempt before had locked, waits for our whole transaction: so do not wait
                -- long for others, who may wait for them.
                PERFORM set_config('lock_timeout', '300ms', true);
            END IF;
            IF v_is_new THEN
                v_items := projection.store_new_items(
                    p_tenant_id, v_judged, v_items, p_operation, v_event_type, v_batch
                );
            ELSE
                PERFORM projection.store_step_items(p_tenant_id, v_items, v_event_type, v_batch);
            END IF;
            PERFORM set_config('lock_timeout', v_lock_timeout, true);
            EXIT;
        EXCEPTION
            WHEN unique_violation OR SQLSTATE 'BL0AG' THEN v_asks_all := true;
            WHEN lock_not_available THEN
                IF v_attempts = 0 THEN
                    RAISE;
                END IF;
                v_attempts := 10;
            WHEN SQLSTATE 'BL001' THEN
                IF v_checks_all THEN
                    RAISE;
                END IF;
                v_checks_all := true;
                v_sent := projection.check_items(p_tenant_id, v_sent, v_event_type, v_checks_all);
        END;
        v_attempts := v_attempts + 1;
        PERFORM projection.refuse_busy(v_attempts);
    END LOOP;
    RETURN v_items;
END
$$;

COMMENT ON FUNCTION projection.perform_batch(bigint, jsonb, text, boolean, text) IS
'The items of a batch, judged and stored as if each were a call of its own (p_operation: place_bet, confirm_bet, '
'settle_bet, cancel_bet, deposit or withdraw). Looks first, stores all, looks whether anything came in between, and if '
'so takes all back and begins again. Errors: those of the first item that is refused, with p_all_or_nothing; BL001 bad '
'items, BL005 the key was used for another batch, BL006 foreign tenant, 40001 others were quicker ten times.';

REVOKE ALL ON FUNCTION projection.perform_batch(bigint, jsonb, text, boolean, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.perform_batch(bigint, jsonb, text, boolean, text)
TO betledger_app, betledger_tenant;
