-- rules: public.payment_events
INSERT INTO projection.event_types
(event_table, event_type, kind, status, rank, required_fields, optional_fields, has_effect)
VALUES
('public.payment_events', 'V1_PAYMENTS_DEPOSIT_CREATED', 'deposit',
    'created', '0', '{"amount": "amount", "user_id": "identifier"}',
    '{}', 'true'),
('public.payment_events', 'V1_PAYMENTS_WITHDRAWAL_CREATED',
    'withdrawal', 'created', '0',
    '{"amount": "amount", "user_id": "identifier"}', '{}', 'true'),
('public.payment_events', 'V1_PAYMENTS_DEPOSIT_COMPLETED',
    'deposit', 'completed', '2', '{}', '{}', 'true'),
('public.payment_events', 'V1_PAYMENTS_DEPOSIT_FAILED', 'deposit',
    'failed', '2', '{}', '{"reason": "text"}', 'true'),
('public.payment_events', 'V1_PAYMENTS_DEPOSIT_REVERSED', 'deposit',
    'reversed', '2', '{}',
    '{"reason": "text", "allow_negative": "flag"}', 'true'),
('public.payment_events', 'V1_PAYMENTS_WITHDRAWAL_COMPLETED',
    'withdrawal', 'completed', '2', '{}', '{}', 'true'),
('public.payment_events', 'V1_PAYMENTS_WITHDRAWAL_FAILED',
    'withdrawal', 'failed', '2', '{}', '{"reason": "text"}', 'true'),
('public.payment_events', 'V1_PAYMENTS_WITHDRAWAL_REVERSED',
    'withdrawal', 'reversed', '2', '{}',
    '{"reason": "text", "allow_negative": "flag"}', 'true');

-- compiled: projection.on_v1_payments_deposit_completed(public.payment_events)
CREATE OR REPLACE FUNCTION projection.on_v1_payments_deposit_completed(
    e public.payment_events
)
RETURNS boolean
LANGUAGE plpgsql
AS $body$
BEGIN
    -- What tenants may is part of the plan, and no query. Where it does not do, the row of the tenant is looked at.
    IF jsonb_path_match(
        e.event_data, '$open != true',
        projection.tenant_limits() -> e.tenant_id::text, true
    ) OR projection.tenant_limits() IS NULL THEN
        PERFORM projection.refuse_tenant(
            'public.payment_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM public.tenants AS t
        WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
            e.event_data, '$open != true', t.limits, true
        );
    END IF;
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ((e.event_data @@ 'strict $.type() == "object"') IS TRUE) IS NOT TRUE THEN
        PERFORM projection.refuse_event('public.payment_events', to_jsonb(e))
        WHERE projection.payment_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.payments_view
    DECLARE
        said public.payments_view;
    BEGIN
        UPDATE public.payments_view AS t
        SET status = 'completed'::text,
            last_updated_at = to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
        WHERE t.tenant_id = e.tenant_id AND t.payment_id = e.aggregate_id
            AND t.last_updated_at <=
                    to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
                AND t.type = 'deposit'::text
                AND t.status IN ('created'::text)
        RETURNING t.user_id, t.last_updated_at
        INTO said.user_id, said.last_updated_at;
        IF FOUND THEN
            UPDATE public.user_activity_view AS t
            SET last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
            WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
            IF NOT FOUND AND (said.user_id IS NOT NULL) THEN
                PERFORM projection.user_activity_view_refresh(ARRAY[e.tenant_id], ARRAY[said.user_id]);
            END IF;
        ELSE
            -- Late, tied, or out of the ordinary: fold all events of the stream.
            PERFORM projection.payments_view_refresh(ARRAY[e.tenant_id], ARRAY[e.aggregate_id]);
        END IF;
    END;
    RETURN true;
END
$body$;

-- compiled: projection.on_v1_payments_deposit_created(public.payment_events)
CREATE OR REPLACE FUNCTION projection.on_v1_payments_deposit_created(
    e public.payment_events
)
RETURNS boolean
LANGUAGE plpgsql
AS $body$
BEGIN
    -- What tenants may is part of the plan, and no query. Where it does not do, the row of the tenant is looked at.
    IF jsonb_path_match(
        e.event_data, '$open != true
            || exists($."amount" ? (@ % $unit != 0 || @.type() == "string"))',
        projection.tenant_limits() -> e.tenant_id::text, true
    ) OR projection.tenant_limits() IS NULL THEN
        PERFORM projection.refuse_tenant(
            'public.payment_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM public.tenants AS t
        WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
            e.event_data, '$open != true
                || exists($."amount" ? (@ % $unit != 0 || @.type() == "string"))', t.limits, true
        );
    END IF;
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ((e.event_data @@ 'strict $."amount" > 0 && $."amount" < 1e20 &&
        $."user_id".type() == "string" && $."user_id" != ""') IS TRUE
        AND scale((e.event_data -> 'amount')::numeric) <= 18) IS NOT TRUE THEN
        PERFORM projection.refuse_event('public.payment_events', to_jsonb(e))
        WHERE projection.payment_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.payments_view
    DECLARE
        said public.payments_view;
        v_is_new boolean;
    BEGIN
        INSERT INTO public.payments_view AS t (
            tenant_id, payment_id, user_id, type, amount, status,
                idempotency_key, created_at, last_updated_at
        )
        VALUES (
            e.tenant_id, e.aggregate_id, (e.event_data ->> 'user_id'::text),
                'deposit'::text, ((e.event_data ->> 'amount'::text))::numeric,
                'created'::text, (e.metadata ->> 'idempotency_key'::text),
                to_timestamp(((e."timestamp")::double precision / '1000'::double precision)),
                to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
        )
        ON CONFLICT DO NOTHING
        RETURNING t.user_id, t.amount, t.created_at, t.last_updated_at
        INTO said.user_id, said.amount, said.created_at, said.last_updated_at;
        IF FOUND THEN
            UPDATE public.user_activity_view AS t
            SET deposits = trim_scale(t.deposits + COALESCE(said.amount, '0'::numeric)),
                first_activity_at = least(t.first_activity_at, said.created_at),
                last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
            WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
            IF NOT FOUND AND (said.user_id IS NOT NULL) THEN
                INSERT INTO public.user_activity_view AS t (
                    tenant_id, user_id, bets, open_bets, staked, paid_out, net_result,
                        deposits, withdrawals, first_activity_at, last_activity_at
                )
                VALUES (
                    e.tenant_id, said.user_id, 0, 0, 0, 0, 0,
                        trim_scale(COALESCE(said.amount, '0'::numeric)), '0'::numeric,
                        said.created_at, said.last_updated_at
                )
                ON CONFLICT DO NOTHING;
                v_is_new := FOUND;
                IF NOT v_is_new THEN
                    -- Made by another transaction, since we looked.
                    UPDATE public.user_activity_view AS t
                    SET deposits = trim_scale(t.deposits + COALESCE(said.amount, '0'::numeric)),
                        first_activity_at = least(t.first_activity_at, said.created_at),
                        last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
                    WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
                    IF NOT FOUND THEN
                        PERFORM projection.refuse_race('public.user_activity_view');
                    END IF;
                END IF;
                IF v_is_new THEN
                    UPDATE projection.tenant_totals AS t
                    SET users = t.users + 1
                    WHERE t.tenant_id = e.tenant_id AND t.slot = 3000 + pg_backend_pid() % 32;
                    IF NOT FOUND THEN
                        INSERT INTO projection.tenant_totals AS t (
                            tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                                bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                                withdrawals, balances
                        )
                        VALUES (
                            e.tenant_id, 3000 + pg_backend_pid() % 32, 1, 0, 0, 0, 0, 0, 0, 0,
                                0, 0, 0
                        )
                        ON CONFLICT DO NOTHING;
                        IF NOT FOUND THEN
                            UPDATE projection.tenant_totals AS t
                            SET users = t.users + 1
                            WHERE t.tenant_id = e.tenant_id AND t.slot = 3000 + pg_backend_pid() % 32;
                            IF NOT FOUND THEN
                                PERFORM projection.refuse_race('projection.tenant_totals');
                            END IF;
                        END IF;
                    END IF;
                END IF;
            END IF;
            UPDATE projection.tenant_totals AS t
            SET deposits = trim_scale(t.deposits + COALESCE(said.amount, '0'::numeric))
            WHERE t.tenant_id = e.tenant_id AND t.slot = 2000 + pg_backend_pid() % 32;
            IF NOT FOUND THEN
                INSERT INTO projection.tenant_totals AS t (
                    tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                        bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                        withdrawals, balances
                )
                VALUES (
                    e.tenant_id, 2000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                        trim_scale(COALESCE(said.amount, '0'::numeric)), '0'::numeric, 0
                )
                ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN
                    UPDATE projection.tenant_totals AS t
                    SET deposits = trim_scale(t.deposits + COALESCE(said.amount, '0'::numeric))
                    WHERE t.tenant_id = e.tenant_id AND t.slot = 2000 + pg_backend_pid() % 32;
                    IF NOT FOUND THEN
                        PERFORM projection.refuse_race('projection.tenant_totals');
                    END IF;
                END IF;
            END IF;
        ELSE
            -- Late, tied, or out of the ordinary: fold all events of the stream.
            PERFORM projection.payments_view_refresh(ARRAY[e.tenant_id], ARRAY[e.aggregate_id]);
        END IF;
    END;
    RETURN true;
END
$body$;

-- compiled: projection.on_v1_payments_deposit_failed(public.payment_events)
CREATE OR REPLACE FUNCTION projection.on_v1_payments_deposit_failed(
    e public.payment_events
)
RETURNS boolean
LANGUAGE plpgsql
AS $body$
BEGIN
    -- What tenants may is part of the plan, and no query. Where it does not do, the row of the tenant is looked at.
    IF jsonb_path_match(
        e.event_data, '$open != true',
        projection.tenant_limits() -> e.tenant_id::text, true
    ) OR projection.tenant_limits() IS NULL THEN
        PERFORM projection.refuse_tenant(
            'public.payment_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM public.tenants AS t
        WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
            e.event_data, '$open != true', t.limits, true
        );
    END IF;
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ((e.event_data @@ 'strict $.type() == "object"') IS TRUE
        AND NOT e.event_data ?| '{reason}') IS NOT TRUE THEN
        PERFORM projection.refuse_event('public.payment_events', to_jsonb(e))
        WHERE projection.payment_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.payments_view
    DECLARE
        said public.payments_view;
    BEGIN
        UPDATE public.payments_view AS t
        SET status = 'failed'::text,
            last_updated_at = to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
        WHERE t.tenant_id = e.tenant_id AND t.payment_id = e.aggregate_id
            AND t.last_updated_at <=
                    to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
                AND t.type = 'deposit'::text
                AND t.status IN ('created'::text)
        RETURNING t.user_id, t.amount, t.last_updated_at
        INTO said.user_id, said.amount, said.last_updated_at;
        IF FOUND THEN
            UPDATE public.user_activity_view AS t
            SET deposits = trim_scale(t.deposits - COALESCE(said.amount, '0'::numeric)),
                last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
            WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
            IF NOT FOUND AND (said.user_id IS NOT NULL) THEN
                PERFORM projection.user_activity_view_refresh(ARRAY[e.tenant_id], ARRAY[said.user_id]);
            END IF;
            UPDATE projection.tenant_totals AS t
            SET deposits = trim_scale(t.deposits - COALESCE(said.amount, '0'::numeric))
            WHERE t.tenant_id = e.tenant_id AND t.slot = 2000 + pg_backend_pid() % 32;
            IF NOT FOUND THEN
                INSERT INTO projection.tenant_totals AS t (
                    tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                        bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                        withdrawals, balances
                )
                VALUES (
                    e.tenant_id, 2000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                        trim_scale((- COALESCE(said.amount, '0'::numeric))), 0, 0
                )
                ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN
                    UPDATE projection.tenant_totals AS t
                    SET deposits = trim_scale(t.deposits - COALESCE(said.amount, '0'::numeric))
                    WHERE t.tenant_id = e.tenant_id AND t.slot = 2000 + pg_backend_pid() % 32;
                    IF NOT FOUND THEN
                        PERFORM projection.refuse_race('projection.tenant_totals');
                    END IF;
                END IF;
            END IF;
        ELSE
            -- Late, tied, or out of the ordinary: fold all events of the stream.
            PERFORM projection.payments_view_refresh(ARRAY[e.tenant_id], ARRAY[e.aggregate_id]);
        END IF;
    END;
    RETURN true;
END
$body$;

-- compiled: projection.on_v1_payments_deposit_reversed(public.payment_events)
CREATE OR REPLACE FUNCTION projection.on_v1_payments_deposit_reversed(
    e public.payment_events
)
RETURNS boolean
LANGUAGE plpgsql
AS $body$
BEGIN
    -- What tenants may is part of the plan, and no query. Where it does not do, the row of the tenant is looked at.
    IF jsonb_path_match(
        e.event_data, '$open != true',
        projection.tenant_limits() -> e.tenant_id::text, true
    ) OR projection.tenant_limits() IS NULL THEN
        PERFORM projection.refuse_tenant(
            'public.payment_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM public.tenants AS t
        WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
            e.event_data, '$open != true', t.limits, true
        );
    END IF;
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ((e.event_data @@ 'strict $.type() == "object"') IS TRUE
        AND NOT e.event_data ?| '{allow_negative,reason}') IS NOT TRUE THEN
        PERFORM projection.refuse_event('public.payment_events', to_jsonb(e))
        WHERE projection.payment_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.payments_view
    DECLARE
        said public.payments_view;
    BEGIN
        UPDATE public.payments_view AS t
        SET status = 'reversed'::text,
            last_updated_at = to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
        WHERE t.tenant_id = e.tenant_id AND t.payment_id = e.aggregate_id
            AND t.last_updated_at <=
                    to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
                AND t.type = 'deposit'::text
                AND t.status IN ('created'::text)
        RETURNING t.user_id, t.amount, t.last_updated_at
        INTO said.user_id, said.amount, said.last_updated_at;
        IF FOUND THEN
            UPDATE public.user_activity_view AS t
            SET deposits = trim_scale(t.deposits - COALESCE(said.amount, '0'::numeric)),
                last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
            WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
            IF NOT FOUND AND (said.user_id IS NOT NULL) THEN
                PERFORM projection.user_activity_view_refresh(ARRAY[e.tenant_id], ARRAY[said.user_id]);
            END IF;
            UPDATE projection.tenant_totals AS t
            SET deposits = trim_scale(t.deposits - COALESCE(said.amount, '0'::numeric))
            WHERE t.tenant_id = e.tenant_id AND t.slot = 2000 + pg_backend_pid() % 32;
            IF NOT FOUND THEN
                INSERT INTO projection.tenant_totals AS t (
                    tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                        bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                        withdrawals, balances
                )
                VALUES (
                    e.tenant_id, 2000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                        trim_scale((- COALESCE(said.amount, '0'::numeric))), 0, 0
                )
                ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN
                    UPDATE projection.tenant_totals AS t
                    SET deposits = trim_scale(t.deposits - COALESCE(said.amount, '0'::numeric))
                    WHERE t.tenant_id = e.tenant_id AND t.slot = 2000 + pg_backend_pid() % 32;
                    IF NOT FOUND THEN
                        PERFORM projection.refuse_race('projection.tenant_totals');
                    END IF;
                END IF;
            END IF;
        ELSE
            -- Late, tied, or out of the ordinary: fold all events of the stream.
            PERFORM projection.payments_view_refresh(ARRAY[e.tenant_id], ARRAY[e.aggregate_id]);
        END IF;
    END;
    RETURN true;
END
$body$;

-- compiled: projection.on_v1_payments_withdrawal_completed(public.payment_events)
CREATE OR REPLACE FUNCTION projection.on_v1_payments_withdrawal_completed(
    e public.payment_events
)
RETURNS boolean
LANGUAGE plpgsql
AS $body$
BEGIN
    -- What tenants may is part of the plan, and no query. Where it does not do, the row of the tenant is looked at.
    IF jsonb_path_match(
        e.event_data, '$open != true',
        projection.tenant_limits() -> e.tenant_id::text, true
    ) OR projection.tenant_limits() IS NULL THEN
        PERFORM projection.refuse_tenant(
            'public.payment_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM public.tenants AS t
        WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
            e.event_data, '$open != true', t.limits, true
        );
    END IF;
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ((e.event_data @@ 'strict $.type() == "object"') IS TRUE) IS NOT TRUE THEN
        PERFORM projection.refuse_event('public.payment_events', to_jsonb(e))
        WHERE projection.payment_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.payments_view
    DECLARE
        said public.payments_view;
    BEGIN
        UPDATE public.payments_view AS t
        SET status = 'completed'::text,
            last_updated_at = to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
        WHERE t.tenant_id = e.tenant_id AND t.payment_id = e.aggregate_id
            AND t.last_updated_at <=
                    to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
                AND t.type = 'withdrawal'::text
                AND t.status IN ('created'::text)
        RETURNING t.user_id, t.last_updated_at
        INTO said.user_id, said.last_updated_at;
        IF FOUND THEN
            UPDATE public.user_activity_view AS t
            SET last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
            WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
            IF NOT FOUND AND (said.user_id IS NOT NULL) THEN
                PERFORM projection.user_activity_view_refresh(ARRAY[e.tenant_id], ARRAY[said.user_id]);
            END IF;
        ELSE
            -- Late, tied, or out of the ordinary: fold all events of the stream.
            PERFORM projection.payments_view_refresh(ARRAY[e.tenant_id], ARRAY[e.aggregate_id]);
        END IF;
    END;
    RETURN true;
END
$body$;

-- compiled: projection.on_v1_payments_withdrawal_created(public.payment_events)
CREATE OR REPLACE FUNCTION projection.on_v1_payments_withdrawal_created(
    e public.payment_events
)
RETURNS boolean
LANGUAGE plpgsql
AS $body$
BEGIN
    -- What tenants may is part of the plan, and no query. Where it does not do, the row of the tenant is looked at.
    IF jsonb_path_match(
        e.event_data, '$open != true
            || exists($."amount" ? (@ % $unit != 0 || @.type() == "string"))',
        projection.tenant_limits() -> e.tenant_id::text, true
    ) OR projection.tenant_limits() IS NULL THEN
        PERFORM projection.refuse_tenant(
            'public.payment_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM public.tenants AS t
        WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
            e.event_data, '$open != true
                || exists($."amount" ? (@ % $unit != 0 || @.type() == "string"))', t.limits, true
        );
    END IF;
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ((e.event_data @@ 'strict $."amount" > 0 && $."amount" < 1e20 &&
        $."user_id".type() == "string" && $."user_id" != ""') IS TRUE
        AND scale((e.event_data -> 'amount')::numeric) <= 18) IS NOT TRUE THEN
        PERFORM projection.refuse_event('public.payment_events', to_jsonb(e))
        WHERE projection.payment_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.payments_view
    DECLARE
        said public.payments_view;
        v_is_new boolean;
    BEGIN
        INSERT INTO public.payments_view AS t (
            tenant_id, payment_id, user_id, type, amount, status,
                idempotency_key, created_at, last_updated_at
        )
        VALUES (
            e.tenant_id, e.aggregate_id, (e.event_data ->> 'user_id'::text),
                'withdrawal'::text, ((e.event_data ->> 'amount'::text))::numeric,
                'created'::text, (e.metadata ->> 'idempotency_key'::text),
                to_timestamp(((e."timestamp")::double precision / '1000'::double precision)),
                to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
        )
        ON CONFLICT DO NOTHING
        RETURNING t.user_id, t.amount, t.created_at, t.last_updated_at
        INTO said.user_id, said.amount, said.created_at, said.last_updated_at;
        IF FOUND THEN
            UPDATE public.user_activity_view AS t
            SET withdrawals = trim_scale(t.withdrawals + COALESCE(said.amount, '0'::numeric)),
                first_activity_at = least(t.first_activity_at, said.created_at),
                last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
            WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
            IF NOT FOUND AND (said.user_id IS NOT NULL) THEN
                INSERT INTO public.user_activity_view AS t (
                    tenant_id, user_id, bets, open_bets, staked, paid_out, net_result,
                        deposits, withdrawals, first_activity_at, last_activity_at
                )
                VALUES (
                    e.tenant_id, said.user_id, 0, 0, 0, 0, 0, '0'::numeric,
                        trim_scale(COALESCE(said.amount, '0'::numeric)), said.created_at,
                        said.last_updated_at
                )
                ON CONFLICT DO NOTHING;
                v_is_new := FOUND;
                IF NOT v_is_new THEN
                    -- Made by another transaction, since we looked.
                    UPDATE public.user_activity_view AS t
                    SET withdrawals = trim_scale(t.withdrawals + COALESCE(said.amount, '0'::numeric)),
                        first_activity_at = least(t.first_activity_at, said.created_at),
                        last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
                    WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
                    IF NOT FOUND THEN
                        PERFORM projection.refuse_race('public.user_activity_view');
                    END IF;
                END IF;
                IF v_is_new THEN
                    UPDATE projection.tenant_totals AS t
                    SET users = t.users + 1
                    WHERE t.tenant_id = e.tenant_id AND t.slot = 3000 + pg_backend_pid() % 32;
                    IF NOT FOUND THEN
                        INSERT INTO projection.tenant_totals AS t (
                            tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                                bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                                withdrawals, balances
                        )
                        VALUES (
                            e.tenant_id, 3000 + pg_backend_pid() % 32, 1, 0, 0, 0, 0, 0, 0, 0,
                                0, 0, 0
                        )
                        ON CONFLICT DO NOTHING;
                        IF NOT FOUND THEN
                            UPDATE projection.tenant_totals AS t
                            SET users = t.users + 1
                            WHERE t.tenant_id = e.tenant_id AND t.slot = 3000 + pg_backend_pid() % 32;
                            IF NOT FOUND THEN
                                PERFORM projection.refuse_race('projection.tenant_totals');
                            END IF;
                        END IF;
                    END IF;
                END IF;
            END IF;
            UPDATE projection.tenant_totals AS t
            SET withdrawals = trim_scale(t.withdrawals + COALESCE(said.amount, '0'::numeric))
            WHERE t.tenant_id = e.tenant_id AND t.slot = 2000 + pg_backend_pid() % 32;
            IF NOT FOUND THEN
                INSERT INTO projection.tenant_totals AS t (
                    tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                        bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                        withdrawals, balances
                )
                VALUES (
                    e.tenant_id, 2000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                        '0'::numeric, trim_scale(COALESCE(said.amount, '0'::numeric)), 0
                )
                ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN
                    UPDATE projection.tenant_totals AS t
                    SET withdrawals = trim_scale(t.withdrawals + COALESCE(said.amount, '0'::numeric))
                    WHERE t.tenant_id = e.tenant_id AND t.slot = 2000 + pg_backend_pid() % 32;
                    IF NOT FOUND THEN
                        PERFORM projection.refuse_race('projection.tenant_totals');
                    END IF;
                END IF;
            END IF;
        ELSE
            -- Late, tied, or out of the ordinary: fold all events of the stream.
            PERFORM projection.payments_view_refresh(ARRAY[e.tenant_id], ARRAY[e.aggregate_id]);
        END IF;
    END;
    RETURN true;
END
$body$;

-- compiled: projection.on_v1_payments_withdrawal_failed(public.payment_events)
CREATE OR REPLACE FUNCTION projection.on_v1_payments_withdrawal_failed(
    e public.payment_events
)
RETURNS boolean
LANGUAGE plpgsql
AS $body$
BEGIN
    -- What tenants may is part of the plan, and no query. Where it does not do, the row of the tenant is looked at.
    IF jsonb_path_match(
        e.event_data, '$open != true',
        projection.tenant_limits() -> e.tenant_id::text, true
    ) OR projection.tenant_limits() IS NULL THEN
        PERFORM projection.refuse_tenant(
            'public.payment_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM public.tenants AS t
        WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
            e.event_data, '$open != true', t.limits, true
        );
    END IF;
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ((e.event_data @@ 'strict $.type() == "object"') IS TRUE
        AND NOT e.event_data ?| '{reason}') IS NOT TRUE THEN
        PERFORM projection.refuse_event('public.payment_events', to_jsonb(e))
        WHERE projection.payment_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.payments_view
    DECLARE
        said public.payments_view;
    BEGIN
        UPDATE public.payments_view AS t
        SET status = 'failed'::text,
            last_updated_at = to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
        WHERE t.tenant_id = e.tenant_id AND t.payment_id = e.aggregate_id
            AND t.last_updated_at <=
                    to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
                AND t.type = 'withdrawal'::text
                AND t.status IN ('created'::text)
        RETURNING t.user_id, t.amount, t.last_updated_at
        INTO said.user_id, said.amount, said.last_updated_at;
        IF FOUND THEN
            UPDATE public.user_activity_view AS t
            SET withdrawals = trim_scale(t.withdrawals - COALESCE(said.amount, '0'::numeric)),
                last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
            WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
            IF NOT FOUND AND (said.user_id IS NOT NULL) THEN
                PERFORM projection.user_activity_view_refresh(ARRAY[e.tenant_id], ARRAY[said.user_id]);
            END IF;
            UPDATE projection.tenant_totals AS t
            SET withdrawals = trim_scale(t.withdrawals - COALESCE(said.amount, '0'::numeric))
            WHERE t.tenant_id = e.tenant_id AND t.slot = 2000 + pg_backend_pid() % 32;
            IF NOT FOUND THEN
                INSERT INTO projection.tenant_totals AS t (
                    tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                        bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                        withdrawals, balances
                )
                VALUES (
                    e.tenant_id, 2000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                        0, trim_scale((- COALESCE(said.amount, '0'::numeric))), 0
                )
                ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN
                    UPDATE projection.tenant_totals AS t
                    SET withdrawals = trim_scale(t.withdrawals - COALESCE(said.amount, '0'::numeric))
                    WHERE t.tenant_id = e.tenant_id AND t.slot = 2000 + pg_backend_pid() % 32;
                    IF NOT FOUND THEN
                        PERFORM projection.refuse_race('projection.tenant_totals');
                    END IF;
                END IF;
            END IF;
        ELSE
            -- Late, tied, or out of the ordinary: fold all events of the stream.
            PERFORM projection.payments_view_refresh(ARRAY[e.tenant_id], ARRAY[e.aggregate_id]);
        END IF;
    END;
    RETURN true;
END
$body$;

-- compiled: projection.on_v1_payments_withdrawal_reversed(public.payment_events)
CREATE OR REPLACE FUNCTION projection.on_v1_payments_withdrawal_reversed(
    e public.payment_events
)
RETURNS boolean
LANGUAGE plpgsql
AS $body$
BEGIN
    -- What tenants may is part of the plan, and no query. Where it does not do, the row of the tenant is looked at.
    IF jsonb_path_match(
        e.event_data, '$open != true',
        projection.tenant_limits() -> e.tenant_id::text, true
    ) OR projection.tenant_limits() IS NULL THEN
        PERFORM projection.refuse_tenant(
            'public.payment_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM public.tenants AS t
        WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
            e.event_data, '$open != true', t.limits, true
        );
    END IF;
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ((e.event_data @@ 'strict $.type() == "object"') IS TRUE
        AND NOT e.event_data ?| '{allow_negative,reason}') IS NOT TRUE THEN
        PERFORM projection.refuse_event('public.payment_events', to_jsonb(e))
        WHERE projection.payment_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.payments_view
    DECLARE
        said public.payments_view;
    BEGIN
        UPDATE public.payments_view AS t
        SET status = 'reversed'::text,
            last_updated_at = to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
        WHERE t.tenant_id = e.tenant_id AND t.payment_id = e.aggregate_id
            AND t.last_updated_at <=
                    to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
                AND t.type = 'withdrawal'::text
                AND t.status IN ('created'::text)
        RETURNING t.user_id, t.amount, t.last_updated_at
        INTO said.user_id, said.amount, said.last_updated_at;
        IF FOUND THEN
            UPDATE public.user_activity_view AS t
            SET withdrawals = trim_scale(t.withdrawals - COALESCE(said.amount, '0'::numeric)),
                last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
            WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
            IF NOT FOUND AND (said.user_id IS NOT NULL) THEN
                PERFORM projection.user_activity_view_refresh(ARRAY[e.tenant_id], ARRAY[said.user_id]);
            END IF;
            UPDATE projection.tenant_totals AS t
            SET withdrawals = trim_scale(t.withdrawals - COALESCE(said.amount, '0'::numeric))
            WHERE t.tenant_id = e.tenant_id AND t.slot = 2000 + pg_backend_pid() % 32;
            IF NOT FOUND THEN
                INSERT INTO projection.tenant_totals AS t (
                    tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                        bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                        withdrawals, balances
                )
                VALUES (
                    e.tenant_id, 2000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                        0, trim_scale((- COALESCE(said.amount, '0'::numeric))), 0
                )
                ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN
                    UPDATE projection.tenant_totals AS t
                    SET withdrawals = trim_scale(t.withdrawals - COALESCE(said.amount, '0'::numeric))
                    WHERE t.tenant_id = e.tenant_id AND t.slot = 2000 + pg_backend_pid() % 32;
                    IF NOT FOUND THEN
                        PERFORM projection.refuse_race('projection.tenant_totals');
                    END IF;
                END IF;
            END IF;
        ELSE
            -- Late, tied, or out of the ordinary: fold all events of the stream.
            PERFORM projection.payments_view_refresh(ARRAY[e.tenant_id], ARRAY[e.aggregate_id]);
        END IF;
    END;
    RETURN true;
END
$body$;

-- compiled: projection.payment_events_inserted()
CREATE OR REPLACE FUNCTION projection.payment_events_inserted()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = 'on'
SET enable_seqscan = 'off'
AS $body$
#variable_conflict use_column
DECLARE
    e public.payment_events;
    v_is_one boolean;
BEGIN
    -- None, one or many? Two rows are enough to tell.
    FOR e IN SELECT n.* FROM new_events AS n LIMIT 2 LOOP
        v_is_one := v_is_one IS NULL;
    END LOOP;
    IF v_is_one THEN
        -- The full check is only asked where a small one, that nearly every event passes, does not hold.
        IF (
            e.tenant_id > 0 AND e.aggregate_id <> '' AND e."timestamp" >= 946684800000
            AND e."timestamp" <= date_part('epoch', now()) * 1000 + 86400000 AND e.version = 1
            AND isfinite(e.created_at) AND pg_column_size(e.event_data) <= 200
            AND (e.metadata IS NULL OR pg_column_size(e.metadata) <= 65536
                AND e.metadata @@ 'strict $.idempotency_key.type() == "string" && $.idempotency_key != ""')
        ) IS NOT TRUE THEN
            PERFORM projection.refuse_event('public.payment_events', to_jsonb(e))
            WHERE projection.payment_events_valid(e) IS NOT TRUE;
        END IF;
        CASE e.event_type
            WHEN 'V1_PAYMENTS_DEPOSIT_CREATED' THEN
                v_is_one := projection.on_v1_payments_deposit_created(e);
            WHEN 'V1_PAYMENTS_WITHDRAWAL_CREATED' THEN
                v_is_one := projection.on_v1_payments_withdrawal_created(e);
            WHEN 'V1_PAYMENTS_DEPOSIT_COMPLETED' THEN
                v_is_one := projection.on_v1_payments_deposit_completed(e);
            WHEN 'V1_PAYMENTS_DEPOSIT_FAILED' THEN
                v_is_one := projection.on_v1_payments_deposit_failed(e);
            WHEN 'V1_PAYMENTS_DEPOSIT_REVERSED' THEN
                v_is_one := projection.on_v1_payments_deposit_reversed(e);
            WHEN 'V1_PAYMENTS_WITHDRAWAL_COMPLETED' THEN
                v_is_one := projection.on_v1_payments_withdrawal_completed(e);
            WHEN 'V1_PAYMENTS_WITHDRAWAL_FAILED' THEN
                v_is_one := projection.on_v1_payments_withdrawal_failed(e);
            WHEN 'V1_PAYMENTS_WITHDRAWAL_REVERSED' THEN
                v_is_one := projection.on_v1_payments_withdrawal_reversed(e);
            ELSE PERFORM projection.refuse_event('public.payment_events', to_jsonb(e));
        END CASE;
    ELSIF NOT v_is_one THEN
        -- Each tenant is looked up: the plan stays, whatever the first statement of the session came with.
        PERFORM projection.refuse_tenant(
            'public.payment_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM new_events AS e
        CROSS JOIN LATERAL (SELECT o.* FROM public.tenants AS o WHERE o.tenant_id = e.tenant_id LIMIT 1) AS t
        WHERE jsonb_path_match(
            e.event_data, '$open != true
                || exists($."amount" ? (@ % $unit != 0 || @.type() == "string"))', t.limits, true
        );
        PERFORM projection.refuse_event('public.payment_events', to_jsonb(n)) FROM new_events AS n
        WHERE projection.payment_events_valid(n) IS NOT TRUE;
        -- public.payments_view: what the new events come to by themselves, in parts, in the order of their keys.
        DECLARE
            v_tenant_ids bigint[];
            v_keys text[];
            v_rows public.payments_view[];
        BEGIN
            FOR v_tenant_ids, v_keys, v_rows IN
                SELECT array_agg(p.tenant_id), array_agg(p.key), array_agg(p.row)
                FROM (
                    SELECT f.tenant_id, f.payment_id AS key,
                        ROW(
                            f.tenant_id, f.payment_id, f.user_id, f.type, f.amount, f.status,
                            f.idempotency_key, f.created_at, f.last_updated_at
                        )::public.payments_view AS row,
                        (row_number() OVER (ORDER BY f.tenant_id, f.payment_id) - 1) / 50000 AS part
                    FROM (
                        SELECT f.tenant_id, f.payment_id, f.said_2[2]::text AS user_id,
                            f.said_1[3]::text AS type, f.said_2[3]::numeric AS amount,
                            f.said_1[2]::text AS status,
                            f.said_2[4]::text AS idempotency_key, f.created_at,
                            f.last_updated_at
                        FROM (
                            SELECT s.tenant_id, s.payment_id,
                            min(s.created_at) AS created_at,
                                max(s.last_updated_at) AS last_updated_at,
                                max(ARRAY[
                                (projection.event_rank(s.event_type) || s.position) COLLATE "C",
                                s.status::text, s.type::text]) AS said_1,
                                max(ARRAY[
                                s.position,
                                s.user_id::text, s.amount::text, s.idempotency_key::text])
                                    FILTER (WHERE s.event_type IN (
                                        'V1_PAYMENTS_DEPOSIT_CREATED', 'V1_PAYMENTS_WITHDRAWAL_CREATED')) AS said_2
                            FROM (
                                SELECT c.tenant_id, c.payment_id, c.user_id, c.type, c.amount, c.status,
                                    c.idempotency_key, c.created_at, c.last_updated_at,
                                    e.event_type,
                                    (
                                        lpad(e."timestamp"::text, 13, '0')
                                        || projection.event_order(e.event_type) || e.id
                                    ) COLLATE "C" AS position
                                FROM new_events AS e CROSS JOIN LATERAL projection.payment_of_event(e) AS c
                                WHERE true
                            ) AS s
                            GROUP BY s.tenant_id, s.payment_id
                        ) AS f
                    ) AS f
                ) AS p
                GROUP BY p.part ORDER BY p.part
            LOOP
                PERFORM projection.payments_view_refresh(v_tenant_ids, v_keys, v_rows);
            END LOOP;
        END;
    END IF;
    RETURN NULL;
END
$body$;

-- compiled: projection.payment_events_key_removed()
CREATE OR REPLACE FUNCTION projection.payment_events_key_removed()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = 'on'
SET enable_seqscan = 'off'
AS $body$
BEGIN
    -- A key is used once: a row that shows it shows that of the event. Locked in order, then changed where they are.
    DECLARE
        v_rows tid[];
    BEGIN
        SELECT array_agg(l.ctid) INTO v_rows FROM (
            SELECT t.ctid
            FROM old_events AS e
            JOIN public.payments_view AS t ON t.tenant_id = e.tenant_id AND t.payment_id = e.aggregate_id
                AND t.idempotency_key = e.metadata ->> 'idempotency_key'
            ORDER BY t.tenant_id, t.payment_id FOR NO KEY UPDATE OF t
        ) AS l;
        UPDATE public.payments_view AS t SET idempotency_key = NULL WHERE t.ctid = ANY (v_rows);
    END;
    RETURN NULL;
END
$body$;

-- compiled: projection.payment_events_received()
CREATE OR REPLACE FUNCTION projection.payment_events_received()
RETURNS trigger
LANGUAGE plpgsql
AS $body$
BEGIN
    -- Small first: what is smaller than this has no text that is too long.
    IF num_nulls(
        NEW.id, NEW.tenant_id, NEW.aggregate_id, NEW.event_type, NEW.event_data, NEW."timestamp", NEW.version,
        NEW.created_at
    ) > 0
        OR length(NEW.aggregate_id) > 256
        OR pg_column_size(NEW.metadata) > 200
        OR pg_column_size(NEW.event_data) > 200
        OR pg_column_compression(NEW.metadata) IS NOT NULL
        OR pg_column_compression(NEW.event_data) IS NOT NULL
    THEN
        -- What comes from another table may be compressed: from here on, its size is that of what is in it.
        NEW.metadata := NEW.metadata #> '{}';
        NEW.event_data := NEW.event_data #> '{}';
        IF num_nulls(
            NEW.id, NEW.tenant_id, NEW.aggregate_id, NEW.event_type, NEW.event_data, NEW."timestamp",
            NEW.version, NEW.created_at
        ) > 0
            OR length(NEW.aggregate_id) > 256
            OR length(NEW.metadata ->> 'idempotency_key') > 200
            OR length(NEW.event_data ->> 'user_id') > 200
            OR length(coalesce(NEW.event_data ->> 'payment_id', NEW.event_data ->> 'bet_id')) > 256
        THEN
            PERFORM projection.refuse_event('public.payment_events', to_jsonb(NEW));
        END IF;
    END IF;
    NEW.feed_position := projection.feed_position();
    NEW.feed_number := projection.feed_number();
    NEW.stored_at := projection.stored_at();
    RETURN NEW;
END
$body$;

-- compiled: projection.payment_events_valid(public.payment_events)
CREATE OR REPLACE FUNCTION projection.payment_events_valid(
    e public.payment_events
)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT
    -- Nulls and text too long for an index are refused before: template_receive().
    e.tenant_id > 0 AND e.aggregate_id <> ''
    -- From the year 2000 on, so that seconds are no milliseconds, and at most a day ahead.
    AND e."timestamp" >= 946684800000 AND e."timestamp" <= date_part('epoch', now()) * 1000 + 86400000
    AND e.version = 1 AND isfinite(e.created_at)
    AND jsonb_typeof(e.event_data) = 'object' AND pg_column_size(e.event_data) <= 65536
    AND CASE
        WHEN e.metadata IS NULL THEN true
        WHEN jsonb_typeof(e.metadata) <> 'object' OR pg_column_size(e.metadata) > 65536 THEN false
        WHEN jsonb_typeof(e.metadata -> 'idempotency_key') = 'string' THEN e.metadata ->> 'idempotency_key' <> ''
        ELSE NOT e.metadata ? 'idempotency_key'
    END
    AND CASE e.event_type
        WHEN 'V1_PAYMENTS_DEPOSIT_CREATED' THEN
            CASE jsonb_typeof(e.event_data -> 'amount')
                WHEN 'number' THEN (e.event_data -> 'amount')::numeric > 0
                    AND (e.event_data -> 'amount')::numeric < 1e20
                    AND scale((e.event_data -> 'amount')::numeric) <= 18
                WHEN 'string' THEN CASE
                    WHEN e.event_data ->> 'amount' ~ '^[0-9]{1,20}(\.[0-9]{1,18})?$'
                    THEN (e.event_data ->> 'amount')::numeric > 0
                    ELSE false END
                ELSE false
            END
            AND jsonb_typeof(e.event_data -> 'user_id') = 'string'
                AND length(e.event_data ->> 'user_id') BETWEEN 1 AND 200
        WHEN 'V1_PAYMENTS_WITHDRAWAL_CREATED' THEN
            CASE jsonb_typeof(e.event_data -> 'amount')
                WHEN 'number' THEN (e.event_data -> 'amount')::numeric > 0
                    AND (e.event_data -> 'amount')::numeric < 1e20
                    AND scale((e.event_data -> 'amount')::numeric) <= 18
                WHEN 'string' THEN CASE
                    WHEN e.event_data ->> 'amount' ~ '^[0-9]{1,20}(\.[0-9]{1,18})?$'
                    THEN (e.event_data ->> 'amount')::numeric > 0
                    ELSE false END
                ELSE false
            END
            AND jsonb_typeof(e.event_data -> 'user_id') = 'string'
                AND length(e.event_data ->> 'user_id') BETWEEN 1 AND 200
        WHEN 'V1_PAYMENTS_DEPOSIT_COMPLETED' THEN
            true
        WHEN 'V1_PAYMENTS_DEPOSIT_FAILED' THEN
            (coalesce(jsonb_typeof(e.event_data -> 'reason'), 'null') = 'null'
                OR jsonb_typeof(e.event_data -> 'reason') = 'string' AND length(e.event_data ->> 'reason') <= 1000)
        WHEN 'V1_PAYMENTS_DEPOSIT_REVERSED' THEN
            (coalesce(jsonb_typeof(e.event_data -> 'allow_negative'), 'null') = 'null'
                OR jsonb_typeof(e.event_data -> 'allow_negative') = 'boolean')
            AND (coalesce(jsonb_typeof(e.event_data -> 'reason'), 'null') = 'null'
                OR jsonb_typeof(e.event_data -> 'reason') = 'string' AND length(e.event_data ->> 'reason') <= 1000)
        WHEN 'V1_PAYMENTS_WITHDRAWAL_COMPLETED' THEN
            true
        WHEN 'V1_PAYMENTS_WITHDRAWAL_FAILED' THEN
            (coalesce(jsonb_typeof(e.event_data -> 'reason'), 'null') = 'null'
                OR jsonb_typeof(e.event_data -> 'reason') = 'string' AND length(e.event_data ->> 'reason') <= 1000)
        WHEN 'V1_PAYMENTS_WITHDRAWAL_REVERSED' THEN
            (coalesce(jsonb_typeof(e.event_data -> 'allow_negative'), 'null') = 'null'
                OR jsonb_typeof(e.event_data -> 'allow_negative') = 'boolean')
            AND (coalesce(jsonb_typeof(e.event_data -> 'reason'), 'null') = 'null'
                OR jsonb_typeof(e.event_data -> 'reason') = 'string' AND length(e.event_data ->> 'reason') <= 1000)
        ELSE false
    END
$body$;

-- trigger: guard_event
CREATE TRIGGER guard_event BEFORE DELETE OR UPDATE ON public.payment_events
FOR EACH ROW EXECUTE FUNCTION projection.guard_event();

-- trigger: guard_truncate
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON public.payment_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.guard_event();

-- trigger: project_inserted
CREATE TRIGGER project_inserted AFTER INSERT ON public.payment_events
REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.payment_events_inserted();

-- trigger: project_key_removed
CREATE TRIGGER project_key_removed AFTER UPDATE ON public.payment_events
REFERENCING OLD TABLE AS old_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.payment_events_key_removed();

-- trigger: receive_event
CREATE TRIGGER receive_event BEFORE INSERT ON public.payment_events
FOR EACH ROW EXECUTE FUNCTION projection.payment_events_received();
