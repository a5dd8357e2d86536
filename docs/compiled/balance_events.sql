-- rules: public.balance_events
INSERT INTO projection.event_types
(event_table, event_type, kind, status, rank, required_fields, optional_fields, has_effect)
VALUES
('public.balance_events', 'V1_BALANCES_BALANCE_DECREASED', 'debit',
    'decreased', '0',
    '{"amount": "amount", "user_id": "identifier"}', '{}', 'true'),
('public.balance_events', 'V1_BALANCES_BALANCE_INCREASED', 'credit',
    'increased', '0',
    '{"amount": "amount", "user_id": "identifier"}', '{}', 'true');

-- compiled: projection.balance_events_inserted()
CREATE OR REPLACE FUNCTION projection.balance_events_inserted()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = 'on'
SET enable_seqscan = 'off'
AS $body$
#variable_conflict use_column
DECLARE
    e public.balance_events;
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
            PERFORM projection.refuse_event('public.balance_events', to_jsonb(e))
            WHERE projection.balance_events_valid(e) IS NOT TRUE;
        END IF;
        CASE e.event_type
            WHEN 'V1_BALANCES_BALANCE_DECREASED' THEN
                v_is_one := projection.on_v1_balances_balance_decreased(e);
            WHEN 'V1_BALANCES_BALANCE_INCREASED' THEN
                v_is_one := projection.on_v1_balances_balance_increased(e);
            ELSE PERFORM projection.refuse_event('public.balance_events', to_jsonb(e));
        END CASE;
    ELSIF NOT v_is_one THEN
        -- Each tenant is looked up: the plan stays, whatever the first statement of the session came with.
        PERFORM projection.refuse_tenant(
            'public.balance_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM new_events AS e
        CROSS JOIN LATERAL (SELECT o.* FROM public.tenants AS o WHERE o.tenant_id = e.tenant_id LIMIT 1) AS t
        WHERE jsonb_path_match(
            e.event_data, '$open != true
                || exists($."amount" ? (@ % $unit != 0 || @.type() == "string"))', t.limits, true
        );
        PERFORM projection.refuse_event('public.balance_events', to_jsonb(n)) FROM new_events AS n
        WHERE projection.balance_events_valid(n) IS NOT TRUE;
        -- public.user_balances_view: what the new events come to by themselves, in parts, in the order of their keys.
        DECLARE
            v_rows public.user_balances_view[];
        BEGIN
            FOR v_rows IN
                SELECT array_agg(p.row)
                FROM (
                    SELECT ROW(
                        f.tenant_id, f.user_id, f.balance, f.transaction_count,
                        f.last_transaction_at
                    )::public.user_balances_view AS row,
                        (row_number() OVER (ORDER BY f.tenant_id, f.user_id) - 1) / 50000 AS part
                    FROM (
                        SELECT s.tenant_id, s.user_id, trim_scale(sum(s.balance)) AS balance,
                            sum(s.transaction_count)::integer AS transaction_count,
                            max(s.last_transaction_at) AS last_transaction_at
                        FROM (
                            SELECT c.tenant_id, c.user_id, c.balance, c.transaction_count,
                                c.last_transaction_at
                            FROM new_events AS e CROSS JOIN LATERAL projection.balance_of_event(e) AS c
                            WHERE true
                        ) AS s
                        GROUP BY s.tenant_id, s.user_id
                    ) AS f
                ) AS p
                GROUP BY p.part ORDER BY p.part
            LOOP
                PERFORM projection.user_balances_view_add(v_rows, '{}');
            END LOOP;
        END;
    END IF;
    RETURN NULL;
END
$body$;

-- compiled: projection.balance_events_key_removed()
CREATE OR REPLACE FUNCTION projection.balance_events_key_removed()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = 'on'
SET enable_seqscan = 'off'
AS $body$
BEGIN
    RETURN NULL;
END
$body$;

-- compiled: projection.balance_events_received()
CREATE OR REPLACE FUNCTION projection.balance_events_received()
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
            PERFORM projection.refuse_event('public.balance_events', to_jsonb(NEW));
        END IF;
    END IF;
    NEW.feed_position := projection.feed_position();
    NEW.feed_number := projection.feed_number();
    NEW.stored_at := projection.stored_at();
    RETURN NEW;
END
$body$;

-- compiled: projection.balance_events_valid(public.balance_events)
CREATE OR REPLACE FUNCTION projection.balance_events_valid(
    e public.balance_events
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
        WHEN 'V1_BALANCES_BALANCE_DECREASED' THEN
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
        WHEN 'V1_BALANCES_BALANCE_INCREASED' THEN
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
        ELSE false
    END
$body$;

-- compiled: projection.on_v1_balances_balance_decreased(public.balance_events)
CREATE OR REPLACE FUNCTION projection.on_v1_balances_balance_decreased(
    e public.balance_events
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
            'public.balance_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
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
        PERFORM projection.refuse_event('public.balance_events', to_jsonb(e))
        WHERE projection.balance_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.user_balances_view
    DECLARE
        v_is_new boolean;
    BEGIN
        UPDATE public.user_balances_view AS t
        SET balance = trim_scale(t.balance
            + (- ((e.event_data ->> 'amount'::text))::numeric)),
            transaction_count = t.transaction_count + 1,
            last_transaction_at = greatest(
            t.last_transaction_at,
            to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
        )
        WHERE t.tenant_id = e.tenant_id AND
            t.user_id = (e.event_data ->> 'user_id'::text);
        IF NOT FOUND THEN
            INSERT INTO public.user_balances_view AS t (
                tenant_id, user_id, balance, transaction_count,
                    last_transaction_at
            )
            VALUES (
                e.tenant_id, (e.event_data ->> 'user_id'::text),
                    trim_scale((- ((e.event_data ->> 'amount'::text))::numeric)), 1,
                    to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
            )
            ON CONFLICT DO NOTHING;
            v_is_new := FOUND;
            IF NOT v_is_new THEN
                -- Made by another transaction, since we looked.
                UPDATE public.user_balances_view AS t
                SET balance = trim_scale(t.balance
                    + (- ((e.event_data ->> 'amount'::text))::numeric)),
                    transaction_count = t.transaction_count + 1,
                    last_transaction_at = greatest(
                    t.last_transaction_at,
                    to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
                )
                WHERE t.tenant_id = e.tenant_id AND
                    t.user_id = (e.event_data ->> 'user_id'::text);
                IF NOT FOUND THEN
                    PERFORM projection.refuse_race('public.user_balances_view');
                END IF;
            END IF;
        END IF;
        UPDATE projection.tenant_totals AS t
        SET balances = trim_scale(t.balances
            + (- ((e.event_data ->> 'amount'::text))::numeric))
        WHERE t.tenant_id = e.tenant_id AND t.slot = 4000 + pg_backend_pid() % 32;
        IF NOT FOUND THEN
            INSERT INTO projection.tenant_totals AS t (
                tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                    bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                    withdrawals, balances
            )
            VALUES (
                e.tenant_id, 4000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                    0, 0,
                    trim_scale((- ((e.event_data ->> 'amount'::text))::numeric))
            )
            ON CONFLICT DO NOTHING;
            IF NOT FOUND THEN
                UPDATE projection.tenant_totals AS t
                SET balances = trim_scale(t.balances
                    + (- ((e.event_data ->> 'amount'::text))::numeric))
                WHERE t.tenant_id = e.tenant_id AND t.slot = 4000 + pg_backend_pid() % 32;
                IF NOT FOUND THEN
                    PERFORM projection.refuse_race('projection.tenant_totals');
                END IF;
            END IF;
        END IF;
    END;
    RETURN true;
END
$body$;

-- compiled: projection.on_v1_balances_balance_increased(public.balance_events)
CREATE OR REPLACE FUNCTION projection.on_v1_balances_balance_increased(
    e public.balance_events
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
            'public.balance_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
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
        PERFORM projection.refuse_event('public.balance_events', to_jsonb(e))
        WHERE projection.balance_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.user_balances_view
    DECLARE
        v_is_new boolean;
    BEGIN
        UPDATE public.user_balances_view AS t
        SET balance = trim_scale(t.balance
            + ((e.event_data ->> 'amount'::text))::numeric),
            transaction_count = t.transaction_count + 1,
            last_transaction_at = greatest(
            t.last_transaction_at,
            to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
        )
        WHERE t.tenant_id = e.tenant_id AND
            t.user_id = (e.event_data ->> 'user_id'::text);
        IF NOT FOUND THEN
            INSERT INTO public.user_balances_view AS t (
                tenant_id, user_id, balance, transaction_count,
                    last_transaction_at
            )
            VALUES (
                e.tenant_id, (e.event_data ->> 'user_id'::text),
                    trim_scale(((e.event_data ->> 'amount'::text))::numeric), 1,
                    to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
            )
            ON CONFLICT DO NOTHING;
            v_is_new := FOUND;
            IF NOT v_is_new THEN
                -- Made by another transaction, since we looked.
                UPDATE public.user_balances_view AS t
                SET balance = trim_scale(t.balance
                    + ((e.event_data ->> 'amount'::text))::numeric),
                    transaction_count = t.transaction_count + 1,
                    last_transaction_at = greatest(
                    t.last_transaction_at,
                    to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
                )
                WHERE t.tenant_id = e.tenant_id AND
                    t.user_id = (e.event_data ->> 'user_id'::text);
                IF NOT FOUND THEN
                    PERFORM projection.refuse_race('public.user_balances_view');
                END IF;
            END IF;
        END IF;
        UPDATE projection.tenant_totals AS t
        SET balances = trim_scale(t.balances
            + ((e.event_data ->> 'amount'::text))::numeric)
        WHERE t.tenant_id = e.tenant_id AND t.slot = 4000 + pg_backend_pid() % 32;
        IF NOT FOUND THEN
            INSERT INTO projection.tenant_totals AS t (
                tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                    bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                    withdrawals, balances
            )
            VALUES (
                e.tenant_id, 4000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                    0, 0, trim_scale(((e.event_data ->> 'amount'::text))::numeric)
            )
            ON CONFLICT DO NOTHING;
            IF NOT FOUND THEN
                UPDATE projection.tenant_totals AS t
                SET balances = trim_scale(t.balances
                    + ((e.event_data ->> 'amount'::text))::numeric)
                WHERE t.tenant_id = e.tenant_id AND t.slot = 4000 + pg_backend_pid() % 32;
                IF NOT FOUND THEN
                    PERFORM projection.refuse_race('projection.tenant_totals');
                END IF;
            END IF;
        END IF;
    END;
    RETURN true;
END
$body$;

-- trigger: guard_event
CREATE TRIGGER guard_event BEFORE DELETE OR UPDATE ON public.balance_events
FOR EACH ROW EXECUTE FUNCTION projection.guard_event();

-- trigger: guard_truncate
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON public.balance_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.guard_event();

-- trigger: project_inserted
CREATE TRIGGER project_inserted AFTER INSERT ON public.balance_events
REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.balance_events_inserted();

-- trigger: project_key_removed
CREATE TRIGGER project_key_removed AFTER UPDATE ON public.balance_events
REFERENCING OLD TABLE AS old_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.balance_events_key_removed();

-- trigger: receive_event
CREATE TRIGGER receive_event BEFORE INSERT ON public.balance_events
FOR EACH ROW EXECUTE FUNCTION projection.balance_events_received();
