SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_refresh()
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    v_locked bigint;
    v_missed boolean;
    v_changed bigint;
    v_before "{type}"[];
    v_after "{type}"[];
    v_inserted "{type}"[] := '{}';
BEGIN
    IF cardinality(p_keys) > 1 AND NOT p_is_attempt THEN
        -- Each attempt in a subtransaction: one that has missed a row gives back all its locks, to take them in order.
        LOOP
            BEGIN
                RETURN "{name}"("{arguments}", p_is_attempt => true);
            EXCEPTION WHEN SQLSTATE 'BL0AG' THEN
                PERFORM "{again}";
            END;
        END LOOP;
    END IF;
    -- For a few keys a plan that is kept, for many one that is made for them: the tables may have grown since.
    PERFORM set_config(
        'plan_cache_mode',
        CASE WHEN cardinality(p_keys) > 100 THEN 'force_custom_plan' ELSE 'force_generic_plan' END, true
    );
    PERFORM "{new}";
    WHILE p_keys <> '{}' LOOP
        -- Lock first, look in a later statement: it then sees every event whose writer had the lock before.
        SELECT count(*) INTO v_locked FROM (
            SELECT FROM (
                SELECT DISTINCT u.tenant_id, u.key FROM unnest(p_tenant_ids, p_keys) AS u (tenant_id, key)
            ) AS k
            JOIN "{read_table}" AS t ON t.tenant_id = k.tenant_id AND t."{key}" = k.key
            ORDER BY t.tenant_id, t."{key}" FOR NO KEY UPDATE OF t
        ) AS l;

        WITH given AS (
            TABLE "{given}"
        ),
        -- Each key with its row as it is and as it is to be.
        work AS MATERIALIZED (
            SELECT g.tenant_id, g.key, o.was, "{will}" AS will
            FROM given AS g
            LEFT JOIN LATERAL (
                SELECT "{row}" AS was
                FROM "{read_table}" AS t
                WHERE t.tenant_id = g.tenant_id AND t."{key}" = g.key OFFSET 0
            ) AS o ON true
            LEFT JOIN LATERAL (
                SELECT "{fold_row}" AS row FROM (
                    TABLE "{fold}"
                ) AS f
            ) AS f ON true
        ),
        -- A row that was made after we had locked is not ours to change: its writers may be at it. Lock again.
        all_locked AS (SELECT count(w.was) = v_locked AS yes FROM work AS w),
        updated AS (
            UPDATE "{read_table}" AS t SET (
                "{columns}"
            ) = ROW(
                "{will_columns}"
            )
            FROM work AS w
            WHERE t.tenant_id = w.tenant_id AND t."{key}" = w.key AND w.was *<> w.will
                AND (SELECT a.yes FROM all_locked AS a)
            RETURNING w.was, w.will
        ),
        inserted AS (
            INSERT INTO "{read_table}" AS t (
                "{columns}"
            )
            SELECT "{will_columns}" FROM work AS w
            WHERE w.was IS NULL AND w.will IS DISTINCT FROM NULL AND (SELECT a.yes FROM all_locked AS a)
            ORDER BY w.tenant_id, w.key COLLATE "C"
            ON CONFLICT DO NOTHING
            RETURNING "{row}" AS will
        ),
        deleted AS (
            DELETE FROM "{read_table}" AS t USING work AS w
            WHERE t.tenant_id = w.tenant_id AND t."{key}" = w.key AND w.will IS NOT DISTINCT FROM NULL
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
            RAISE EXCEPTION 'a row of "{read_table}" was made at the same moment' USING ERRCODE = 'BL0AG';
        END IF;
        PERFORM "{again}";
    END LOOP;
    v_after := v_inserted || v_after;
    PERFORM "{carry}";
    RETURN coalesce(v_changed, 0) + cardinality(v_inserted);
END
$$;

COMMENT ON FUNCTION projection.template_refresh() IS
'Template: the body of projection.<read table>_refresh(): see projection.refresh_text().';

REVOKE ALL ON FUNCTION projection.template_refresh() FROM public;
