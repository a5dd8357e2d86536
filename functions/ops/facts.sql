SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.facts()
RETURNS TABLE (fact text, value text, remark text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table record;
    v_bytes bigint;
    v_sizes bigint[] := '{0,0}';
    v_oldest_key integer;
BEGIN
    BEGIN
        FOR v_table IN SELECT t.name, t.holds_events FROM projection.ledger_tables() AS t LOOP
            v_bytes := projection.bytes_of(v_table.name);
            IF v_table.holds_events THEN
                v_sizes[1] := v_sizes[1] + v_bytes;
                v_oldest_key := greatest(v_oldest_key, projection.oldest_key_age(v_table.name));
            ELSE
                v_sizes[2] := v_sizes[2] + v_bytes;
            END IF;
        END LOOP;
        RETURN QUERY
        SELECT 'events', pg_size_pretty(v_sizes[1]), 'with their indexes'
        UNION ALL SELECT 'read tables', pg_size_pretty(v_sizes[2]), 'with their indexes'
        UNION ALL
        SELECT 'oldest idempotency key', coalesce(v_oldest_key || ' hours', 'none'),
            CASE WHEN v_oldest_key >= 48 THEN 'due: run betledger purge' END;
    EXCEPTION WHEN connection_exception THEN
        -- What can be told is told while a node is down: that is when one looks.
        RETURN QUERY SELECT 'events', 'unknown', 'a node does not answer: see ops.nodes()';
    END;
    RETURN QUERY
    SELECT concat_ws(
        ' of tenant ', 'rebuild of ' || coalesce(nullif(r.asked_for, ''), 'all'), nullif(r.only_tenant, 0)
    ),
        format('%s of about %s rows of %s', r.rows_done, r.rows_total, r.read_tables[1]),
        format('at %s; one that was stopped goes on when it is run again', to_char(
            r.moved_at, 'YYYY-MM-DD HH24:MI:SS TZ'
        ))
    FROM ops.rebuilds AS r ORDER BY r.began_at;
    RETURN QUERY
    SELECT 'last ' || c.command, coalesce(to_char(r.finished_at, 'YYYY-MM-DD HH24:MI:SS TZ'), 'never'),
        CASE WHEN r.found > 0 THEN r.found || ' rows differed: run betledger rebuild' END
    FROM unnest('{purge,verify,rebuild}'::text[]) WITH ORDINALITY AS c (command, position)
    LEFT JOIN LATERAL (
        SELECT m.finished_at, m.found FROM ops.maintenance_runs AS m
        WHERE m.command = c.command AND m.only_tenant IS NULL ORDER BY m.finished_at DESC LIMIT 1
    ) AS r ON true;
END
$$;

COMMENT ON FUNCTION ops.facts() IS
'What `betledger status` shows of a ledger: sizes, the age of the oldest idempotency key, rebuilds that have not '
'ended, and when it was purged, verified and rebuilt last (runs for all tenants). Null may be: value, remark. Example: '
'SELECT * FROM ops.facts().';

REVOKE ALL ON FUNCTION ops.facts() FROM public;

GRANT EXECUTE ON FUNCTION ops.facts() TO betledger_operator;
