SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.distribute(p_with_rows boolean DEFAULT true)
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table text;
    v_first text;
    v_event_tables text[];
    v_size bigint;
    v_done bigint := 0;
    v_total bigint;
BEGIN
    IF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN
        RAISE EXCEPTION 'database % has no Citus', current_database()
            USING ERRCODE = 'BL030',
            HINT = 'Run CREATE EXTENSION citus on the coordinator and on all workers, '
                'and add the workers with citus_add_node().';
    END IF;

    FOREACH v_table IN ARRAY ARRAY[
        'projection.event_types', 'projection.projections', 'projection.sources', 'ops.maintenance_runs',
        'ops.rebuilds'
    ] LOOP
        IF NOT EXISTS (
            SELECT FROM pg_catalog.pg_dist_partition AS d
            WHERE d.logicalrelid = v_table::regclass AND d.repmodel = 't'
        ) THEN
            PERFORM pg_catalog.create_reference_table(v_table);
            RETURN NEXT v_table || ' is a reference table';
        END IF;
    END LOOP;

    -- Bytes: how many rows there are is only known of a table that has been analyzed.
    SELECT coalesce(sum(pg_table_size(t.name::regclass)), 0), array_agg(t.name) FILTER (WHERE t.holds_events)
    INTO v_total, v_event_tables
    FROM projection.ledger_tables() AS t WHERE NOT projection.is_distributed(t.name);
    FOR v_table IN
        SELECT t.name FROM projection.ledger_tables() AS t
    LOOP
        v_first := coalesce(v_first, v_table);
        CONTINUE WHEN projection.is_distributed(v_table);
        v_size := pg_table_size(v_table::regclass);
        -- INFO, since what Citus says meanwhile is below what the runner wants to hear.
        RAISE INFO 'distributing %, %', v_table, pg_size_pretty(v_size) USING DETAIL = jsonb_build_object(
            'step', 'MB', 'done', v_done / 1000000, 'until', (v_done + v_size) / 1000000, 'total', v_total / 1000000
        );
        RETURN NEXT projection.distribute_table(
            v_table::regclass, CASE WHEN v_table = v_first THEN 'none' ELSE v_first END, p_with_rows
        );
        v_done := v_done + v_size;
    END LOOP;

    RAISE INFO 'all tables are distributed, now functions'
        USING DETAIL = jsonb_build_object('step', 'MB', 'done', v_total / 1000000, 'total', v_total / 1000000);
    PERFORM projection.compile_event_types();
    RETURN QUERY SELECT f.line FROM projection.distribute_remaining_functions(v_first) AS f (line);
    PERFORM projection.compile(t.name) FROM unnest(v_event_tables) AS t (name);

    -- Last, and short: it stops readers. Citus copies changes to a shard that moves as its owner, whom PostgreSQL does
    -- not let through forced row-level security. The owner has a policy that lets it pass anyway; all others are held
    -- as before.
    FOR v_table IN
        SELECT d.logicalrelid::regclass::text
        FROM pg_catalog.pg_dist_partition AS d
        JOIN pg_class AS c ON c.oid = d.logicalrelid
        WHERE c.relforcerowsecurity AND pg_get_userbyid(c.relowner) = 'betledger_owner'
    LOOP
        EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', v_table);
    END LOOP;
END
$$;

COMMENT ON FUNCTION ops.distribute(boolean) IS
'On a Citus coordinator: distributes event tables and read tables by tenant_id, co-located, with their rows (compared '
'before and after), makes reference tables of what every node reads, and sends stored functions to the node of their '
'tenant. Gives a line for each thing done; done things are left alone. Writers wait, readers go on. `betledger '
'distribute` runs it. Errors: BL030 no Citus, or a table with rows and p_with_rows is false; BL031 rows differ. '
'Example: SELECT * FROM ops.distribute().';

REVOKE ALL ON FUNCTION ops.distribute(boolean) FROM public;
