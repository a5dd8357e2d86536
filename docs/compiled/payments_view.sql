-- definition: projection.payment_of_event
CREATE OR REPLACE FUNCTION projection.payment_of_event(
    e public.payment_events
)
RETURNS TABLE(tenant_id bigint, payment_id text, user_id text, type text,
    amount numeric, status text, idempotency_key text,
    created_at timestamp with time zone,
    last_updated_at timestamp with time zone)
LANGUAGE sql STABLE PARALLEL SAFE
AS $body$
SELECT
    e.tenant_id,
    e.aggregate_id,
    e.event_data ->> 'user_id',
    projection.event_kind(e.event_type),
    (e.event_data ->> 'amount')::numeric,
    projection.event_status(e.event_type),
    e.metadata ->> 'idempotency_key',
    projection.event_time(e."timestamp"),
    projection.event_time(e."timestamp")
$body$;

-- rules: public.payments_view
SELECT projection.define(
    'public.payments_view',
    '{projection.payment_of_event}',
    p_position => 20,
    p_latest => '[
        {"by": "rank",
        "columns": ["status", "type"]},
        {"of": ["V1_PAYMENTS_DEPOSIT_CREATED", "V1_PAYMENTS_WITHDRAWAL_CREATED"],
        "columns": ["user_id", "amount", "idempotency_key"]}
    ]',
    p_lowest => '{created_at}',
    p_highest => '{last_updated_at}'
);

-- compiled: projection.payments_view_as_of(bigint,text,bigint,timestamp with time zone)
CREATE OR REPLACE FUNCTION projection.payments_view_as_of(
    p_tenant_id bigint, p_key text, p_at_ms bigint,
    p_known_at timestamp with time zone
)
RETURNS SETOF public.payments_view
LANGUAGE plpgsql STABLE
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
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
            FROM public.payment_events AS e CROSS JOIN LATERAL projection.payment_of_event(e) AS c
            WHERE e.tenant_id = p_tenant_id AND e.aggregate_id = p_key
                AND e."timestamp" <= p_at_ms AND (p_known_at IS NULL OR e.stored_at <= p_known_at)
        ) AS s
        GROUP BY s.tenant_id, s.payment_id
    ) AS f;
END
$body$;

-- compiled: projection.payments_view_fold()
CREATE OR REPLACE FUNCTION projection.payments_view_fold()
RETURNS SETOF public.payments_view
LANGUAGE plpgsql STABLE
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
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
            FROM public.payment_events AS e CROSS JOIN LATERAL projection.payment_of_event(e) AS c
            WHERE true
        ) AS s
        GROUP BY s.tenant_id, s.payment_id
    ) AS f;
END
$body$;

-- compiled: projection.payments_view_refresh(bigint[],text[],public.payments_view[],boolean)
CREATE OR REPLACE FUNCTION projection.payments_view_refresh(
    p_tenant_ids bigint[], p_keys text[],
    p_new public.payments_view[] DEFAULT NULL::public.payments_view[],
    p_is_attempt boolean DEFAULT false
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = 'off'
SET jit = 'off'
SET plan_cache_mode = 'auto'
AS $body$
DECLARE
    v_locked bigint;
    v_missed boolean;
    v_changed bigint;
    v_before public.payments_view[];
    v_after public.payments_view[];
    v_inserted public.payments_view[] := '{}';
BEGIN
    IF cardinality(p_keys) > 1 AND NOT p_is_attempt THEN
        -- Each attempt in a subtransaction: one that has missed a row gives back all its locks, to take them in order.
        LOOP
            BEGIN
                RETURN projection.payments_view_refresh(p_tenant_ids, p_keys, p_new, p_is_attempt => true);
            EXCEPTION WHEN SQLSTATE 'BL0AG' THEN
                p_new := NULL;
            END;
        END LOOP;
    END IF;
    -- For a few keys a plan that is kept, for many one that is made for them: the tables may have grown since.
    PERFORM set_config(
        'plan_cache_mode',
        CASE WHEN cardinality(p_keys) > 100 THEN 'force_custom_plan' ELSE 'force_generic_plan' END, true
    );
    IF p_new IS NOT NULL THEN
        -- Most new events begin streams, and no row has to be looked for. What is there already, is left for below.
        WITH inserted AS (
            INSERT INTO public.payments_view AS t (
                tenant_id, payment_id, user_id, type, amount, status,
                    idempotency_key, created_at, last_updated_at
            )
            SELECT n.tenant_id, n.payment_id, n.user_id, n.type, n.amount, n.status,
                n.idempotency_key, n.created_at, n.last_updated_at FROM unnest(p_new) AS n
            ORDER BY n.tenant_id, n.payment_id
            ON CONFLICT DO NOTHING
            RETURNING ROW(
                t.tenant_id, t.payment_id, t.user_id, t.type, t.amount, t.status,
                t.idempotency_key, t.created_at, t.last_updated_at
            )::public.payments_view AS row
        )
        SELECT coalesce(array_agg(i.row), '{}') INTO v_inserted FROM inserted AS i;
        SELECT coalesce(array_agg(n.tenant_id), '{}'), coalesce(array_agg(n.payment_id), '{}'), array_agg(n)
        INTO p_tenant_ids, p_keys, p_new
        FROM unnest(p_new) AS n
        WHERE cardinality(v_inserted) < cardinality(p_new) AND NOT EXISTS (
            SELECT FROM unnest(v_inserted) AS i WHERE i.tenant_id = n.tenant_id AND i.payment_id = n.payment_id
        );
    END IF;
    WHILE p_keys <> '{}' LOOP
        -- Lock first, look in a later statement: it then sees every event whose writer had the lock before.
        SELECT count(*) INTO v_locked FROM (
            SELECT FROM (
                SELECT DISTINCT u.tenant_id, u.key FROM unnest(p_tenant_ids, p_keys) AS u (tenant_id, key)
            ) AS k
            JOIN public.payments_view AS t ON t.tenant_id = k.tenant_id AND t.payment_id = k.key
            ORDER BY t.tenant_id, t.payment_id FOR NO KEY UPDATE OF t
        ) AS l;
        WITH given AS (
            SELECT DISTINCT ON (u.tenant_id, u.key) u.*
            FROM unnest(p_tenant_ids, p_keys, p_new) AS u (
                tenant_id, key,
                new_tenant_id, new_payment_id, new_user_id, new_type, new_amount,
                    new_status, new_idempotency_key, new_created_at,
                    new_last_updated_at
            )
            ORDER BY u.tenant_id, u.key
        ),
        -- Each key with its row as it is and as it is to be.
        work AS MATERIALIZED (
            SELECT g.tenant_id, g.key, o.was, CASE
                WHEN g.new_tenant_id IS NOT NULL
                AND (o.was IS NULL OR g.new_created_at > (o.was).last_updated_at)
                THEN ROW(
                g.tenant_id, g.key,
                CASE WHEN g.new_user_id IS NULL THEN (o.was).user_id ELSE g.new_user_id END,
                CASE WHEN CASE (o.was).status
                WHEN 'created'::text THEN 0
                WHEN 'completed'::text THEN 2
                WHEN 'failed'::text THEN 2
                WHEN 'reversed'::text THEN 2
            END
                > CASE g.new_status
                WHEN 'created'::text THEN 0
                WHEN 'completed'::text THEN 2
                WHEN 'failed'::text THEN 2
                WHEN 'reversed'::text THEN 2
            END
                THEN (o.was).type ELSE g.new_type END,
                CASE WHEN g.new_user_id IS NULL THEN (o.was).amount ELSE g.new_amount END,
                CASE WHEN CASE (o.was).status
                WHEN 'created'::text THEN 0
                WHEN 'completed'::text THEN 2
                WHEN 'failed'::text THEN 2
                WHEN 'reversed'::text THEN 2
            END
                > CASE g.new_status
                WHEN 'created'::text THEN 0
                WHEN 'completed'::text THEN 2
                WHEN 'failed'::text THEN 2
                WHEN 'reversed'::text THEN 2
            END
                THEN (o.was).status ELSE g.new_status END,
                CASE WHEN g.new_user_id IS NULL THEN (o.was).idempotency_key ELSE g.new_idempotency_key END,
                least((o.was).created_at, g.new_created_at),
                greatest((o.was).last_updated_at, g.new_last_updated_at)
            )::public.payments_view
                ELSE f.row
            END AS will
            FROM given AS g
            LEFT JOIN LATERAL (
                SELECT ROW(
                    t.tenant_id, t.payment_id, t.user_id, t.type, t.amount, t.status,
                    t.idempotency_key, t.created_at, t.last_updated_at
                )::public.payments_view AS was
                FROM public.payments_view AS t
                WHERE t.tenant_id = g.tenant_id AND t.payment_id = g.key OFFSET 0
            ) AS o ON true
            LEFT JOIN LATERAL (
                SELECT ROW(
                    f.tenant_id, f.payment_id, f.user_id, f.type, f.amount, f.status,
                    f.idempotency_key, f.created_at, f.last_updated_at
                )::public.payments_view AS row FROM (
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
                            FROM public.payment_events AS e CROSS JOIN LATERAL projection.payment_of_event(e) AS c
                            WHERE e.tenant_id = g.tenant_id AND e.aggregate_id = g.key
                                AND (
                                    g.new_tenant_id IS NOT NULL
                                AND (o.was IS NULL OR g.new_created_at > (o.was).last_updated_at)
                                ) IS NOT TRUE
                        ) AS s
                        GROUP BY s.tenant_id, s.payment_id
                    ) AS f
                ) AS f
            ) AS f ON true
        ),
        -- A row that was made after we had locked is not ours to change: its writers may be at it. Lock again.
        all_locked AS (SELECT count(w.was) = v_locked AS yes FROM work AS w),
        updated AS (
            UPDATE public.payments_view AS t SET (
                tenant_id, payment_id, user_id, type, amount, status,
                    idempotency_key, created_at, last_updated_at
            ) = ROW(
                (w.will).tenant_id, (w.will).payment_id, (w.will).user_id,
                    (w.will).type, (w.will).amount, (w.will).status,
                    (w.will).idempotency_key, (w.will).created_at,
                    (w.will).last_updated_at
            )
            FROM work AS w
            WHERE t.tenant_id = w.tenant_id AND t.payment_id = w.key AND w.was *<> w.will
                AND (SELECT a.yes FROM all_locked AS a)
            RETURNING w.was, w.will
        ),
        inserted AS (
            INSERT INTO public.payments_view AS t (
                tenant_id, payment_id, user_id, type, amount, status,
                    idempotency_key, created_at, last_updated_at
            )
            SELECT (w.will).tenant_id, (w.will).payment_id, (w.will).user_id,
                (w.will).type, (w.will).amount, (w.will).status,
                (w.will).idempotency_key, (w.will).created_at,
                (w.will).last_updated_at FROM work AS w
            WHERE w.was IS NULL AND w.will IS DISTINCT FROM NULL AND (SELECT a.yes FROM all_locked AS a)
            ORDER BY w.tenant_id, w.key COLLATE "C"
            ON CONFLICT DO NOTHING
            RETURNING ROW(
                t.tenant_id, t.payment_id, t.user_id, t.type, t.amount, t.status,
                t.idempotency_key, t.created_at, t.last_updated_at
            )::public.payments_view AS will
        ),
        deleted AS (
            DELETE FROM public.payments_view AS t USING work AS w
            WHERE t.tenant_id = w.tenant_id AND t.payment_id = w.key AND w.will IS NOT DISTINCT FROM NULL
                AND (SELECT a.yes FROM all_locked AS a)
            RETURNING w.was
        )
        SELECT
            (SELECT count(*) FROM updated) + (SELECT count(*) FROM inserted) + (SELECT count(*) FROM deleted),
            NOT (SELECT a.yes FROM all_locked AS a)
                OR (SELECT count(w.will) FROM work AS w WHERE w.was IS NULL) > (SELECT count(*) FROM inserted),
            ARRAY(SELECT u.was FROM updated AS u UNION ALL SELECT d.was FROM deleted AS d),
            ARRAY(SELECT u.will FROM updated AS u UNION ALL SELECT i.will FROM inserted AS i)
        INTO v_changed, v_missed, v_before, v_after;
        EXIT WHEN NOT v_missed;
        -- Missed: another transaction made a row after we had looked. Now there is something to lock.
        IF p_is_attempt THEN
            RAISE EXCEPTION 'a row of public.payments_view was made at the same moment' USING ERRCODE = 'BL0AG';
        END IF;
        p_new := NULL;
    END LOOP;
    v_after := v_inserted || v_after;
    PERFORM projection.user_activity_view_add(
        ARRAY(
            SELECT ROW(
                c.tenant_id, c.user_id, 0, 0, 0, 0, 0, c.deposits, c.withdrawals,
                c.first_activity_at, c.last_activity_at
            )::public.user_activity_view
            FROM unnest(v_after) AS r CROSS JOIN LATERAL projection.activity_of_payment(r) AS c
        ),
        ARRAY(
            SELECT ROW(
                c.tenant_id, c.user_id, 0, 0, 0, 0, 0, c.deposits, c.withdrawals,
                c.first_activity_at, c.last_activity_at
            )::public.user_activity_view
            FROM unnest(v_before) AS r CROSS JOIN LATERAL projection.activity_of_payment(r) AS c
        )
    );
    PERFORM projection.tenant_totals_add(
        ARRAY(
            SELECT ROW(
                c.tenant_id, 2000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                c.deposits, c.withdrawals, 0
            )::projection.tenant_totals
            FROM unnest(v_after) AS r CROSS JOIN LATERAL projection.totals_of_payment(r) AS c
        ),
        ARRAY(
            SELECT ROW(
                c.tenant_id, 2000 + pg_backend_pid() % 32, 0, 0, 0, 0, 0, 0, 0, 0,
                c.deposits, c.withdrawals, 0
            )::projection.tenant_totals
            FROM unnest(v_before) AS r CROSS JOIN LATERAL projection.totals_of_payment(r) AS c
        )
    );
    RETURN coalesce(v_changed, 0) + cardinality(v_inserted);
END
$body$;
