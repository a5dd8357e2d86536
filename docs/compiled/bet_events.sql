-- rules: public.bet_events
INSERT INTO projection.event_types
(event_table, event_type, kind, status, rank, required_fields, optional_fields, has_effect)
VALUES
('public.bet_events', 'V1_BETS_BET_PLACED', 'bet', 'placed', '0',
    '{"odds": "odds", "stake": "amount", "user_id": "identifier", "fixture_id": "identifier"}',
    '{"from_balance": "flag"}', 'true'),
('public.bet_events', 'V1_BETS_BET_CONFIRMED', 'bet', 'confirmed',
    '1', '{}', '{}', 'true'),
('public.bet_events', 'V1_BETS_BET_CANCELLED', 'bet', 'cancelled',
    '2', '{}', '{"reason": "text"}', 'true'),
('public.bet_events', 'V1_BETS_BET_SETTLED', 'bet', 'settled', '2',
    '{"payout": "payout", "result": "result"}', '{}', 'true'),
('public.bet_events', 'V1_BETS_BET_SETTLEMENT_CORRECTED', 'bet',
    'settled', '2', '{"payout": "payout", "result": "result"}',
    '{"reason": "text", "allow_negative": "flag"}', 'true');

-- compiled: projection.bet_events_inserted()
CREATE OR REPLACE FUNCTION projection.bet_events_inserted()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = 'on'
SET enable_seqscan = 'off'
AS $body$
#variable_conflict use_column
DECLARE
    e public.bet_events;
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
            PERFORM projection.refuse_event('public.bet_events', to_jsonb(e))
            WHERE projection.bet_events_valid(e) IS NOT TRUE;
        END IF;
        CASE e.event_type
            WHEN 'V1_BETS_BET_PLACED' THEN
                v_is_one := projection.on_v1_bets_bet_placed(e);
            WHEN 'V1_BETS_BET_CONFIRMED' THEN
                v_is_one := projection.on_v1_bets_bet_confirmed(e);
            WHEN 'V1_BETS_BET_CANCELLED' THEN
                v_is_one := projection.on_v1_bets_bet_cancelled(e);
            WHEN 'V1_BETS_BET_SETTLED' THEN
                v_is_one := projection.on_v1_bets_bet_settled(e);
            WHEN 'V1_BETS_BET_SETTLEMENT_CORRECTED' THEN
                v_is_one := projection.on_v1_bets_bet_settlement_corrected(e);
            ELSE PERFORM projection.refuse_event('public.bet_events', to_jsonb(e));
        END CASE;
    ELSIF NOT v_is_one THEN
        -- Each tenant is looked up: the plan stays, whatever the first statement of the session came with.
        PERFORM projection.refuse_tenant(
            'public.bet_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM new_events AS e
        CROSS JOIN LATERAL (SELECT o.* FROM public.tenants AS o WHERE o.tenant_id = e.tenant_id LIMIT 1) AS t
        WHERE jsonb_path_match(
            e.event_data, '$open != true
                || exists($."payout" ? (@ % $unit != 0 || @.type() == "string"))
                || exists($."stake" ? (@ % $unit != 0 || @.type() == "string"))', t.limits, true
        );
        PERFORM projection.refuse_event('public.bet_events', to_jsonb(n)) FROM new_events AS n
        WHERE projection.bet_events_valid(n) IS NOT TRUE;
        -- public.bets_view: what the new events come to by themselves, in parts, in the order of their keys.
        DECLARE
            v_tenant_ids bigint[];
            v_keys text[];
            v_rows public.bets_view[];
        BEGIN
            FOR v_tenant_ids, v_keys, v_rows IN
                SELECT array_agg(p.tenant_id), array_agg(p.key), array_agg(p.row)
                FROM (
                    SELECT f.tenant_id, f.bet_id AS key,
                        ROW(
                            f.tenant_id, f.bet_id, f.user_id, f.stake, f.odds, f.fixture_id,
                            f.status, f.result, f.payout, f.idempotency_key, f.created_at,
                            f.last_updated_at
                        )::public.bets_view AS row,
                        (row_number() OVER (ORDER BY f.tenant_id, f.bet_id) - 1) / 50000 AS part
                    FROM (
                        SELECT f.tenant_id, f.bet_id, f.said_2[2]::text AS user_id,
                            f.said_2[3]::numeric AS stake, f.said_2[4]::numeric AS odds,
                            f.said_2[5]::text AS fixture_id, f.said_1[2]::text AS status,
                            f.said_3[2]::text AS result, f.said_3[3]::numeric AS payout,
                            f.said_2[6]::text AS idempotency_key, f.created_at,
                            f.last_updated_at
                        FROM (
                            SELECT s.tenant_id, s.bet_id,
                            min(s.created_at) AS created_at,
                                max(s.last_updated_at) AS last_updated_at,
                                max(ARRAY[
                                (projection.event_rank(s.event_type) || s.position) COLLATE "C",
                                s.status::text]) AS said_1,
                                max(ARRAY[
                                s.position,
                                s.user_id::text, s.stake::text, s.odds::text, s.fixture_id::text,
                                s.idempotency_key::text])
                                    FILTER (WHERE s.event_type IN (
                                        'V1_BETS_BET_PLACED')) AS said_2,
                                max(ARRAY[
                                s.position,
                                s.result::text, s.payout::text])
                                    FILTER (WHERE s.event_type IN (
                                        'V1_BETS_BET_SETTLED', 'V1_BETS_BET_SETTLEMENT_CORRECTED')) AS said_3
                            FROM (
                                SELECT c.tenant_id, c.bet_id, c.user_id, c.stake, c.odds, c.fixture_id,
                                    c.status, c.result, c.payout, c.idempotency_key, c.created_at,
                                    c.last_updated_at,
                                    e.event_type,
                                    (
                                        lpad(e."timestamp"::text, 13, '0')
                                        || projection.event_order(e.event_type) || e.id
                                    ) COLLATE "C" AS position
                                FROM new_events AS e CROSS JOIN LATERAL projection.bet_of_event(e) AS c
                                WHERE true
                            ) AS s
                            GROUP BY s.tenant_id, s.bet_id
                        ) AS f
                    ) AS f
                ) AS p
                GROUP BY p.part ORDER BY p.part
            LOOP
                PERFORM projection.bets_view_refresh(v_tenant_ids, v_keys, v_rows);
            END LOOP;
        END;
    END IF;
    RETURN NULL;
END
$body$;

-- compiled: projection.bet_events_key_removed()
CREATE OR REPLACE FUNCTION projection.bet_events_key_removed()
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
            JOIN public.bets_view AS t ON t.tenant_id = e.tenant_id AND t.bet_id = e.aggregate_id
                AND t.idempotency_key = e.metadata ->> 'idempotency_key'
            ORDER BY t.tenant_id, t.bet_id FOR NO KEY UPDATE OF t
        ) AS l;
        UPDATE public.bets_view AS t SET idempotency_key = NULL WHERE t.ctid = ANY (v_rows);
    END;
    RETURN NULL;
END
$body$;

-- compiled: projection.bet_events_received()
CREATE OR REPLACE FUNCTION projection.bet_events_received()
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
            PERFORM projection.refuse_event('public.bet_events', to_jsonb(NEW));
        END IF;
    END IF;
    NEW.feed_position := projection.feed_position();
    NEW.feed_number := projection.feed_number();
    NEW.stored_at := projection.stored_at();
    RETURN NEW;
END
$body$;

-- compiled: projection.bet_events_valid(public.bet_events)
CREATE OR REPLACE FUNCTION projection.bet_events_valid(
    e public.bet_events
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
        WHEN 'V1_BETS_BET_PLACED' THEN
            jsonb_typeof(e.event_data -> 'fixture_id') = 'string'
                AND length(e.event_data ->> 'fixture_id') BETWEEN 1 AND 200
            AND CASE jsonb_typeof(e.event_data -> 'odds')
                WHEN 'number' THEN (e.event_data -> 'odds')::numeric >= 1
                    AND (e.event_data -> 'odds')::numeric < 1e20
                    AND scale((e.event_data -> 'odds')::numeric) <= 18
                WHEN 'string' THEN CASE
                    WHEN e.event_data ->> 'odds' ~ '^[0-9]{1,20}(\.[0-9]{1,18})?$'
                    THEN (e.event_data ->> 'odds')::numeric >= 1
                    ELSE false END
                ELSE false
            END
            AND CASE jsonb_typeof(e.event_data -> 'stake')
                WHEN 'number' THEN (e.event_data -> 'stake')::numeric > 0
                    AND (e.event_data -> 'stake')::numeric < 1e20
                    AND scale((e.event_data -> 'stake')::numeric) <= 18
                WHEN 'string' THEN CASE
                    WHEN e.event_data ->> 'stake' ~ '^[0-9]{1,20}(\.[0-9]{1,18})?$'
                    THEN (e.event_data ->> 'stake')::numeric > 0
                    ELSE false END
                ELSE false
            END
            AND jsonb_typeof(e.event_data -> 'user_id') = 'string'
                AND length(e.event_data ->> 'user_id') BETWEEN 1 AND 200
            AND (coalesce(jsonb_typeof(e.event_data -> 'from_balance'), 'null') = 'null'
                OR jsonb_typeof(e.event_data -> 'from_balance') = 'boolean')
        WHEN 'V1_BETS_BET_CONFIRMED' THEN
            true
        WHEN 'V1_BETS_BET_CANCELLED' THEN
            (coalesce(jsonb_typeof(e.event_data -> 'reason'), 'null') = 'null'
                OR jsonb_typeof(e.event_data -> 'reason') = 'string' AND length(e.event_data ->> 'reason') <= 1000)
        WHEN 'V1_BETS_BET_SETTLED' THEN
            CASE jsonb_typeof(e.event_data -> 'payout')
                WHEN 'number' THEN (e.event_data -> 'payout')::numeric >= 0
                    AND (e.event_data -> 'payout')::numeric < 1e20
                    AND scale((e.event_data -> 'payout')::numeric) <= 18
                WHEN 'string' THEN CASE
                    WHEN e.event_data ->> 'payout' ~ '^[0-9]{1,20}(\.[0-9]{1,18})?$'
                    THEN (e.event_data ->> 'payout')::numeric >= 0
                    ELSE false END
                ELSE false
            END
            AND jsonb_typeof(e.event_data -> 'result') = 'string'
                AND e.event_data ->> 'result' IN ('win', 'loss', 'void')
        WHEN 'V1_BETS_BET_SETTLEMENT_CORRECTED' THEN
            CASE jsonb_typeof(e.event_data -> 'payout')
                WHEN 'number' THEN (e.event_data -> 'payout')::numeric >= 0
                    AND (e.event_data -> 'payout')::numeric < 1e20
                    AND scale((e.event_data -> 'payout')::numeric) <= 18
                WHEN 'string' THEN CASE
                    WHEN e.event_data ->> 'payout' ~ '^[0-9]{1,20}(\.[0-9]{1,18})?$'
                    THEN (e.event_data ->> 'payout')::numeric >= 0
                    ELSE false END
                ELSE false
            END
            AND jsonb_typeof(e.event_data -> 'result') = 'string'
                AND e.event_data ->> 'result' IN ('win', 'loss', 'void')
            AND (coalesce(jsonb_typeof(e.event_data -> 'allow_negative'), 'null') = 'null'
                OR jsonb_typeof(e.event_data -> 'allow_negative') = 'boolean')
            AND (coalesce(jsonb_typeof(e.event_data -> 'reason'), 'null') = 'null'
                OR jsonb_typeof(e.event_data -> 'reason') = 'string' AND length(e.event_data ->> 'reason') <= 1000)
        ELSE false
    END
$body$;

-- compiled: projection.on_v1_bets_bet_cancelled(public.bet_events)
CREATE OR REPLACE FUNCTION projection.on_v1_bets_bet_cancelled(
    e public.bet_events
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
            'public.bet_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM public.tenants AS t
        WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
            e.event_data, '$open != true', t.limits, true
        );
    END IF;
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ((e.event_data @@ 'strict $.type() == "object"') IS TRUE
        AND NOT e.event_data ?| '{reason}') IS NOT TRUE THEN
        PERFORM projection.refuse_event('public.bet_events', to_jsonb(e))
        WHERE projection.bet_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.bets_view
    DECLARE
        said public.bets_view;
        was public.bets_view;
        v_is_stored boolean;
    BEGIN
        -- Which status it had is carried, too: known without a look, by the condition that holds.
        FOREACH was.status IN ARRAY ARRAY['confirmed'::text, 'placed'::text] LOOP
            UPDATE public.bets_view AS t
            SET status = 'cancelled'::text,
                last_updated_at = to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
            WHERE t.tenant_id = e.tenant_id AND t.bet_id = e.aggregate_id
                AND t.last_updated_at <=
                        to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
                    AND t.status = was.status
            RETURNING t.user_id, t.stake, t.last_updated_at
            INTO said.user_id, said.stake, said.last_updated_at;
            v_is_stored := FOUND;
            EXIT WHEN v_is_stored;
        END LOOP;
        IF v_is_stored THEN
            UPDATE public.user_activity_view AS t
            SET open_bets = t.open_bets - 1,
                staked = trim_scale(t.staked - COALESCE(said.stake, '0'::numeric)),
                last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
            WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
            IF NOT FOUND AND (said.user_id IS NOT NULL) THEN
                PERFORM projection.user_activity_view_refresh(ARRAY[e.tenant_id], ARRAY[said.user_id]);
            END IF;
            UPDATE projection.tenant_totals AS t
            SET bets_placed = t.bets_placed
                - CASE WHEN (was.status = 'placed'::text) THEN 1 ELSE 0 END,
                bets_confirmed = t.bets_confirmed
                - CASE WHEN (was.status = 'confirmed'::text) THEN 1 ELSE 0 END,
                bets_cancelled = t.bets_cancelled + 1,
                staked = trim_scale(t.staked - COALESCE(said.stake, '0'::numeric))
            WHERE t.tenant_id = e.tenant_id AND t.slot = 1000 + pg_backend_pid() % 32;
            IF NOT FOUND THEN
                INSERT INTO projection.tenant_totals AS t (
                    tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                        bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                        withdrawals, balances
                )
                VALUES (
                    e.tenant_id, 1000 + pg_backend_pid() % 32, 0,
                        (- CASE WHEN (was.status = 'placed'::text) THEN 1 ELSE 0 END),
                        (- CASE WHEN (was.status = 'confirmed'::text) THEN 1 ELSE 0 END),
                        0, 1, trim_scale((- COALESCE(said.stake, '0'::numeric))), 0, 0,
                        0, 0, 0
                )
                ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN
                    UPDATE projection.tenant_totals AS t
                    SET bets_placed = t.bets_placed
                        - CASE WHEN (was.status = 'placed'::text) THEN 1 ELSE 0 END,
                        bets_confirmed = t.bets_confirmed
                        - CASE WHEN (was.status = 'confirmed'::text) THEN 1 ELSE 0 END,
                        bets_cancelled = t.bets_cancelled + 1,
                        staked = trim_scale(t.staked - COALESCE(said.stake, '0'::numeric))
                    WHERE t.tenant_id = e.tenant_id AND t.slot = 1000 + pg_backend_pid() % 32;
                    IF NOT FOUND THEN
                        PERFORM projection.refuse_race('projection.tenant_totals');
                    END IF;
                END IF;
            END IF;
        ELSE
            -- Late, tied, or out of the ordinary: fold all events of the stream.
            PERFORM projection.bets_view_refresh(ARRAY[e.tenant_id], ARRAY[e.aggregate_id]);
        END IF;
    END;
    RETURN true;
END
$body$;

-- compiled: projection.on_v1_bets_bet_confirmed(public.bet_events)
CREATE OR REPLACE FUNCTION projection.on_v1_bets_bet_confirmed(
    e public.bet_events
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
            'public.bet_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM public.tenants AS t
        WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
            e.event_data, '$open != true', t.limits, true
        );
    END IF;
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ((e.event_data @@ 'strict $.type() == "object"') IS TRUE) IS NOT TRUE THEN
        PERFORM projection.refuse_event('public.bet_events', to_jsonb(e))
        WHERE projection.bet_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.bets_view
    DECLARE
        said public.bets_view;
    BEGIN
        UPDATE public.bets_view AS t
        SET status = 'confirmed'::text,
            last_updated_at = to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
        WHERE t.tenant_id = e.tenant_id AND t.bet_id = e.aggregate_id
            AND t.last_updated_at <=
                    to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
                AND t.status IN ('placed'::text)
        RETURNING t.user_id, t.last_updated_at
        INTO said.user_id, said.last_updated_at;
        IF FOUND THEN
            UPDATE public.user_activity_view AS t
            SET last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
            WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
            IF NOT FOUND AND (said.user_id IS NOT NULL) THEN
                PERFORM projection.user_activity_view_refresh(ARRAY[e.tenant_id], ARRAY[said.user_id]);
            END IF;
            UPDATE projection.tenant_totals AS t
            SET bets_placed = t.bets_placed - 1,
                bets_confirmed = t.bets_confirmed + 1
            WHERE t.tenant_id = e.tenant_id AND t.slot = 1000 + pg_backend_pid() % 32;
            IF NOT FOUND THEN
                INSERT INTO projection.tenant_totals AS t (
                    tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                        bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                        withdrawals, balances
                )
                VALUES (
                    e.tenant_id, 1000 + pg_backend_pid() % 32, 0, (- 1), 1, 0, 0, 0, 0,
                        0, 0, 0, 0
                )
                ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN
                    UPDATE projection.tenant_totals AS t
                    SET bets_placed = t.bets_placed - 1,
                        bets_confirmed = t.bets_confirmed + 1
                    WHERE t.tenant_id = e.tenant_id AND t.slot = 1000 + pg_backend_pid() % 32;
                    IF NOT FOUND THEN
                        PERFORM projection.refuse_race('projection.tenant_totals');
                    END IF;
                END IF;
            END IF;
        ELSE
            -- Late, tied, or out of the ordinary: fold all events of the stream.
            PERFORM projection.bets_view_refresh(ARRAY[e.tenant_id], ARRAY[e.aggregate_id]);
        END IF;
    END;
    RETURN true;
END
$body$;

-- compiled: projection.on_v1_bets_bet_placed(public.bet_events)
CREATE OR REPLACE FUNCTION projection.on_v1_bets_bet_placed(
    e public.bet_events
)
RETURNS boolean
LANGUAGE plpgsql
AS $body$
BEGIN
    -- What tenants may is part of the plan, and no query. Where it does not do, the row of the tenant is looked at.
    IF jsonb_path_match(
        e.event_data, '$open != true
            || exists($."stake" ? (@ % $unit != 0 || @.type() == "string"))',
        projection.tenant_limits() -> e.tenant_id::text, true
    ) OR projection.tenant_limits() IS NULL THEN
        PERFORM projection.refuse_tenant(
            'public.bet_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM public.tenants AS t
        WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
            e.event_data, '$open != true
                || exists($."stake" ? (@ % $unit != 0 || @.type() == "string"))', t.limits, true
        );
    END IF;
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ((e.event_data @@ 'strict $."fixture_id".type() == "string" && $."fixture_id" != "" &&
        $."odds" >= 1 && $."odds" < 1e20 &&
        $."stake" > 0 && $."stake" < 1e20 &&
        $."user_id".type() == "string" && $."user_id" != ""') IS TRUE
        AND scale((e.event_data -> 'odds')::numeric) <= 18
        AND scale((e.event_data -> 'stake')::numeric) <= 18
        AND NOT e.event_data ?| '{from_balance}') IS NOT TRUE THEN
        PERFORM projection.refuse_event('public.bet_events', to_jsonb(e))
        WHERE projection.bet_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.bets_view
    DECLARE
        said public.bets_view;
        v_is_new boolean;
    BEGIN
        INSERT INTO public.bets_view AS t (
            tenant_id, bet_id, user_id, stake, odds, fixture_id, status,
                result, payout, idempotency_key, created_at, last_updated_at
        )
        VALUES (
            e.tenant_id, e.aggregate_id, (e.event_data ->> 'user_id'::text),
                ((e.event_data ->> 'stake'::text))::numeric,
                ((e.event_data ->> 'odds'::text))::numeric,
                (e.event_data ->> 'fixture_id'::text), 'placed'::text, NULL,
                NULL, (e.metadata ->> 'idempotency_key'::text),
                to_timestamp(((e."timestamp")::double precision / '1000'::double precision)),
                to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
        )
        ON CONFLICT DO NOTHING
        RETURNING t.user_id, t.stake, t.created_at, t.last_updated_at
        INTO said.user_id, said.stake, said.created_at, said.last_updated_at;
        IF FOUND THEN
            UPDATE public.user_activity_view AS t
            SET bets = t.bets + 1, open_bets = t.open_bets + 1,
                staked = trim_scale(t.staked + COALESCE(said.stake, '0'::numeric)),
                first_activity_at = least(t.first_activity_at, said.created_at),
                last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
            WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
            IF NOT FOUND AND (said.user_id IS NOT NULL) THEN
                INSERT INTO public.user_activity_view AS t (
                    tenant_id, user_id, bets, open_bets, staked, paid_out, net_result,
                        deposits, withdrawals, first_activity_at, last_activity_at
                )
                VALUES (
                    e.tenant_id, said.user_id, 1, 1,
                        trim_scale(COALESCE(said.stake, '0'::numeric)), '0'::numeric,
                        '0'::numeric, 0, 0, said.created_at, said.last_updated_at
                )
                ON CONFLICT DO NOTHING;
                v_is_new := FOUND;
                IF NOT v_is_new THEN
                    -- Made by another transaction, since we looked.
                    UPDATE public.user_activity_view AS t
                    SET bets = t.bets + 1, open_bets = t.open_bets + 1,
                        staked = trim_scale(t.staked + COALESCE(said.stake, '0'::numeric)),
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
            SET bets_placed = t.bets_placed + 1,
                staked = trim_scale(t.staked + COALESCE(said.stake, '0'::numeric))
            WHERE t.tenant_id = e.tenant_id AND t.slot = 1000 + pg_backend_pid() % 32;
            IF NOT FOUND THEN
                INSERT INTO projection.tenant_totals AS t (
                    tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                        bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                        withdrawals, balances
                )
                VALUES (
                    e.tenant_id, 1000 + pg_backend_pid() % 32, 0, 1, 0, 0, 0,
                        trim_scale(COALESCE(said.stake, '0'::numeric)), '0'::numeric,
                        '0'::numeric, 0, 0, 0
                )
                ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN
                    UPDATE projection.tenant_totals AS t
                    SET bets_placed = t.bets_placed + 1,
                        staked = trim_scale(t.staked + COALESCE(said.stake, '0'::numeric))
                    WHERE t.tenant_id = e.tenant_id AND t.slot = 1000 + pg_backend_pid() % 32;
                    IF NOT FOUND THEN
                        PERFORM projection.refuse_race('projection.tenant_totals');
                    END IF;
                END IF;
            END IF;
        ELSE
            -- Late, tied, or out of the ordinary: fold all events of the stream.
            PERFORM projection.bets_view_refresh(ARRAY[e.tenant_id], ARRAY[e.aggregate_id]);
        END IF;
    END;
    RETURN true;
END
$body$;

-- compiled: projection.on_v1_bets_bet_settled(public.bet_events)
CREATE OR REPLACE FUNCTION projection.on_v1_bets_bet_settled(
    e public.bet_events
)
RETURNS boolean
LANGUAGE plpgsql
AS $body$
BEGIN
    -- What tenants may is part of the plan, and no query. Where it does not do, the row of the tenant is looked at.
    IF jsonb_path_match(
        e.event_data, '$open != true
            || exists($."payout" ? (@ % $unit != 0 || @.type() == "string"))',
        projection.tenant_limits() -> e.tenant_id::text, true
    ) OR projection.tenant_limits() IS NULL THEN
        PERFORM projection.refuse_tenant(
            'public.bet_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM public.tenants AS t
        WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
            e.event_data, '$open != true
                || exists($."payout" ? (@ % $unit != 0 || @.type() == "string"))', t.limits, true
        );
    END IF;
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ((e.event_data @@ 'strict $."payout" >= 0 && $."payout" < 1e20 &&
        ($."result" == "win" || $."result" == "loss" || $."result" == "void")') IS TRUE
        AND scale((e.event_data -> 'payout')::numeric) <= 18) IS NOT TRUE THEN
        PERFORM projection.refuse_event('public.bet_events', to_jsonb(e))
        WHERE projection.bet_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.bets_view
    DECLARE
        said public.bets_view;
        was public.bets_view;
        v_is_stored boolean;
    BEGIN
        -- Which status it had is carried, too: known without a look, by the condition that holds.
        FOREACH was.status IN ARRAY ARRAY['confirmed'::text, 'placed'::text] LOOP
            UPDATE public.bets_view AS t
            SET status = 'settled'::text,
                result = (e.event_data ->> 'result'::text),
                payout = ((e.event_data ->> 'payout'::text))::numeric,
                last_updated_at = to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
            WHERE t.tenant_id = e.tenant_id AND t.bet_id = e.aggregate_id
                AND t.last_updated_at <=
                        to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
                    AND t.status = was.status
            RETURNING t.user_id, t.stake, t.payout, t.last_updated_at
            INTO said.user_id, said.stake, said.payout, said.last_updated_at;
            v_is_stored := FOUND;
            EXIT WHEN v_is_stored;
        END LOOP;
        IF v_is_stored THEN
            UPDATE public.user_activity_view AS t
            SET open_bets = t.open_bets - 1,
                paid_out = trim_scale(t.paid_out + COALESCE(said.payout, '0'::numeric)),
                net_result = trim_scale(t.net_result
                + COALESCE((said.payout - said.stake), '0'::numeric)),
                last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
            WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
            IF NOT FOUND AND (said.user_id IS NOT NULL) THEN
                PERFORM projection.user_activity_view_refresh(ARRAY[e.tenant_id], ARRAY[said.user_id]);
            END IF;
            UPDATE projection.tenant_totals AS t
            SET bets_placed = t.bets_placed
                - CASE WHEN (was.status = 'placed'::text) THEN 1 ELSE 0 END,
                bets_confirmed = t.bets_confirmed
                - CASE WHEN (was.status = 'confirmed'::text) THEN 1 ELSE 0 END,
                bets_settled = t.bets_settled + 1,
                paid_out = trim_scale(t.paid_out + COALESCE(said.payout, '0'::numeric)),
                gross_gaming_revenue = trim_scale(t.gross_gaming_revenue
                + COALESCE((said.stake - said.payout), '0'::numeric))
            WHERE t.tenant_id = e.tenant_id AND t.slot = 1000 + pg_backend_pid() % 32;
            IF NOT FOUND THEN
                INSERT INTO projection.tenant_totals AS t (
                    tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                        bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                        withdrawals, balances
                )
                VALUES (
                    e.tenant_id, 1000 + pg_backend_pid() % 32, 0,
                        (- CASE WHEN (was.status = 'placed'::text) THEN 1 ELSE 0 END),
                        (- CASE WHEN (was.status = 'confirmed'::text) THEN 1 ELSE 0 END),
                        1, 0, 0, trim_scale(COALESCE(said.payout, '0'::numeric)),
                        trim_scale(COALESCE((said.stake - said.payout), '0'::numeric)),
                        0, 0, 0
                )
                ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN
                    UPDATE projection.tenant_totals AS t
                    SET bets_placed = t.bets_placed
                        - CASE WHEN (was.status = 'placed'::text) THEN 1 ELSE 0 END,
                        bets_confirmed = t.bets_confirmed
                        - CASE WHEN (was.status = 'confirmed'::text) THEN 1 ELSE 0 END,
                        bets_settled = t.bets_settled + 1,
                        paid_out = trim_scale(t.paid_out + COALESCE(said.payout, '0'::numeric)),
                        gross_gaming_revenue = trim_scale(t.gross_gaming_revenue
                        + COALESCE((said.stake - said.payout), '0'::numeric))
                    WHERE t.tenant_id = e.tenant_id AND t.slot = 1000 + pg_backend_pid() % 32;
                    IF NOT FOUND THEN
                        PERFORM projection.refuse_race('projection.tenant_totals');
                    END IF;
                END IF;
            END IF;
        ELSE
            -- Late, tied, or out of the ordinary: fold all events of the stream.
            PERFORM projection.bets_view_refresh(ARRAY[e.tenant_id], ARRAY[e.aggregate_id]);
        END IF;
    END;
    RETURN true;
END
$body$;

-- compiled: projection.on_v1_bets_bet_settlement_corrected(public.bet_events)
CREATE OR REPLACE FUNCTION projection.on_v1_bets_bet_settlement_corrected(
    e public.bet_events
)
RETURNS boolean
LANGUAGE plpgsql
AS $body$
BEGIN
    -- What tenants may is part of the plan, and no query. Where it does not do, the row of the tenant is looked at.
    IF jsonb_path_match(
        e.event_data, '$open != true
            || exists($."payout" ? (@ % $unit != 0 || @.type() == "string"))',
        projection.tenant_limits() -> e.tenant_id::text, true
    ) OR projection.tenant_limits() IS NULL THEN
        PERFORM projection.refuse_tenant(
            'public.bet_events', e.event_type, e.event_data, t.tenant_id, t.currency, t.scale, t.status
        )
        FROM public.tenants AS t
        WHERE t.tenant_id = e.tenant_id AND jsonb_path_match(
            e.event_data, '$open != true
                || exists($."payout" ? (@ % $unit != 0 || @.type() == "string"))', t.limits, true
        );
    END IF;
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ((e.event_data @@ 'strict $."payout" >= 0 && $."payout" < 1e20 &&
        ($."result" == "win" || $."result" == "loss" || $."result" == "void")') IS TRUE
        AND scale((e.event_data -> 'payout')::numeric) <= 18
        AND NOT e.event_data ?| '{allow_negative,reason}') IS NOT TRUE THEN
        PERFORM projection.refuse_event('public.bet_events', to_jsonb(e))
        WHERE projection.bet_events_valid(e) IS NOT TRUE;
    END IF;
    -- public.bets_view
    DECLARE
        said public.bets_view;
        was public.bets_view;
        v_is_stored boolean;
    BEGIN
        -- Which status it had is carried, too: known without a look, by the condition that holds.
        FOREACH was.status IN ARRAY ARRAY['confirmed'::text, 'placed'::text] LOOP
            UPDATE public.bets_view AS t
            SET status = 'settled'::text,
                result = (e.event_data ->> 'result'::text),
                payout = ((e.event_data ->> 'payout'::text))::numeric,
                last_updated_at = to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
            WHERE t.tenant_id = e.tenant_id AND t.bet_id = e.aggregate_id
                AND t.last_updated_at <=
                        to_timestamp(((e."timestamp")::double precision / '1000'::double precision))
                    AND t.status = was.status
            RETURNING t.user_id, t.stake, t.payout, t.last_updated_at
            INTO said.user_id, said.stake, said.payout, said.last_updated_at;
            v_is_stored := FOUND;
            EXIT WHEN v_is_stored;
        END LOOP;
        IF v_is_stored THEN
            UPDATE public.user_activity_view AS t
            SET open_bets = t.open_bets - 1,
                paid_out = trim_scale(t.paid_out + COALESCE(said.payout, '0'::numeric)),
                net_result = trim_scale(t.net_result
                + COALESCE((said.payout - said.stake), '0'::numeric)),
                last_activity_at = greatest(t.last_activity_at, said.last_updated_at)
            WHERE t.tenant_id = e.tenant_id AND t.user_id = said.user_id;
            IF NOT FOUND AND (said.user_id IS NOT NULL) THEN
                PERFORM projection.user_activity_view_refresh(ARRAY[e.tenant_id], ARRAY[said.user_id]);
            END IF;
            UPDATE projection.tenant_totals AS t
            SET bets_placed = t.bets_placed
                - CASE WHEN (was.status = 'placed'::text) THEN 1 ELSE 0 END,
                bets_confirmed = t.bets_confirmed
                - CASE WHEN (was.status = 'confirmed'::text) THEN 1 ELSE 0 END,
                bets_settled = t.bets_settled + 1,
                paid_out = trim_scale(t.paid_out + COALESCE(said.payout, '0'::numeric)),
                gross_gaming_revenue = trim_scale(t.gross_gaming_revenue
                + COALESCE((said.stake - said.payout), '0'::numeric))
            WHERE t.tenant_id = e.tenant_id AND t.slot = 1000 + pg_backend_pid() % 32;
            IF NOT FOUND THEN
                INSERT INTO projection.tenant_totals AS t (
                    tenant_id, slot, users, bets_placed, bets_confirmed, bets_settled,
                        bets_cancelled, staked, paid_out, gross_gaming_revenue, deposits,
                        withdrawals, balances
                )
                VALUES (
                    e.tenant_id, 1000 + pg_backend_pid() % 32, 0,
                        (- CASE WHEN (was.status = 'placed'::text) THEN 1 ELSE 0 END),
                        (- CASE WHEN (was.status = 'confirmed'::text) THEN 1 ELSE 0 END),
                        1, 0, 0, trim_scale(COALESCE(said.payout, '0'::numeric)),
                        trim_scale(COALESCE((said.stake - said.payout), '0'::numeric)),
                        0, 0, 0
                )
                ON CONFLICT DO NOTHING;
                IF NOT FOUND THEN
                    UPDATE projection.tenant_totals AS t
                    SET bets_placed = t.bets_placed
                        - CASE WHEN (was.status = 'placed'::text) THEN 1 ELSE 0 END,
                        bets_confirmed = t.bets_confirmed
                        - CASE WHEN (was.status = 'confirmed'::text) THEN 1 ELSE 0 END,
                        bets_settled = t.bets_settled + 1,
                        paid_out = trim_scale(t.paid_out + COALESCE(said.payout, '0'::numeric)),
                        gross_gaming_revenue = trim_scale(t.gross_gaming_revenue
                        + COALESCE((said.stake - said.payout), '0'::numeric))
                    WHERE t.tenant_id = e.tenant_id AND t.slot = 1000 + pg_backend_pid() % 32;
                    IF NOT FOUND THEN
                        PERFORM projection.refuse_race('projection.tenant_totals');
                    END IF;
                END IF;
            END IF;
        ELSE
            -- Late, tied, or out of the ordinary: fold all events of the stream.
            PERFORM projection.bets_view_refresh(ARRAY[e.tenant_id], ARRAY[e.aggregate_id]);
        END IF;
    END;
    RETURN true;
END
$body$;

-- trigger: guard_event
CREATE TRIGGER guard_event BEFORE DELETE OR UPDATE ON public.bet_events
FOR EACH ROW EXECUTE FUNCTION projection.guard_event();

-- trigger: guard_truncate
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON public.bet_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.guard_event();

-- trigger: project_inserted
CREATE TRIGGER project_inserted AFTER INSERT ON public.bet_events
REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.bet_events_inserted();

-- trigger: project_key_removed
CREATE TRIGGER project_key_removed AFTER UPDATE ON public.bet_events
REFERENCING OLD TABLE AS old_events
FOR EACH STATEMENT EXECUTE FUNCTION projection.bet_events_key_removed();

-- trigger: receive_event
CREATE TRIGGER receive_event BEFORE INSERT ON public.bet_events
FOR EACH ROW EXECUTE FUNCTION projection.bet_events_received();
