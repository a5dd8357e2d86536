SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.distribute(p_with_rows boolean DEFAULT true)
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table text;
    v_function regprocedure;
    v_first text;
    v_before text;
    v_after text;
    v_has_rows boolean;
    v_event_tables text[] := '{}';
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
    SELECT coalesce(sum(pg_table_size(t.name::regclass)), 0) INTO v_total
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
        -- No event may slip in between the copy and the switch; readers go on.
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', v_table);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', v_table) INTO v_has_rows;
        IF v_has_rows AND NOT p_with_rows THEN
            RAISE EXCEPTION '% has rows and is not distributed', v_table
                USING ERRCODE = 'BL030', HINT = 'Run betledger distribute.';
        END IF;
        -- Rows that are copied have been projected, and have their place in the feed: until all is in place, the
        -- triggers of the shards do nothing.
        IF EXISTS (SELECT FROM projection.ledger_tables() AS t WHERE t.name = v_table AND t.holds_events) THEN
            EXECUTE format(
                'CREATE OR REPLACE FUNCTION projection.%I() RETURNS trigger LANGUAGE plpgsql'
                || ' AS ''BEGIN RETURN NEW; END''', split_part(v_table, '.', 2) || '_received'
            );
            EXECUTE format(
                'CREATE OR REPLACE FUNCTION projection.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER'
                || ' SET search_path = pg_catalog, pg_temp SET row_security = on AS ''BEGIN RETURN NULL; END''',
                split_part(v_table, '.', 2) || '_inserted'
            );
            v_event_tables := v_event_tables || v_table;
        END IF;
        EXECUTE format('SELECT projection.fingerprint(%L)', v_table) INTO v_before;
        IF NOT v_has_rows THEN
            -- As below. Where this node holds shards, Citus would not do it once it has read them.
            EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', v_table);
        END IF;
        PERFORM pg_catalog.create_distributed_table(
            v_table, 'tenant_id',
            colocate_with => CASE WHEN v_table = v_first THEN 'none' ELSE v_first END
        );
        EXECUTE format('SELECT projection.fingerprint(%L)', v_table) INTO v_after;
        IF v_before <> v_after THEN
            RAISE EXCEPTION '% would not be the same after distribution: % before, % after', v_table, v_before, v_after
                USING ERRCODE = 'BL031',
                HINT = 'Nothing was changed. Report this with the versions of PostgreSQL and Citus.';
        END IF;
        v_done := v_done + v_size;
        RETURN NEXT format('%s is distributed by tenant_id (%s)', v_table, v_after);
    END LOOP;

    -- What takes or gives rows of a table could not go to the nodes before it. Those of applications after those that
    -- they call: with these come the types that they only name in their bodies. Definitions last: a node looks for what
    -- they call.
    RAISE INFO 'all tables are distributed, now functions'
        USING DETAIL = jsonb_build_object('step', 'MB', 'done', v_total / 1000000, 'total', v_total / 1000000);
    PERFORM projection.compile_event_types();
    FOR v_function IN
        SELECT p.oid FROM pg_proc AS p
        WHERE p.pronamespace IN (
            'public'::regnamespace, 'projection'::regnamespace, 'ops'::regnamespace, 'http'::regnamespace
        )
            AND pg_get_userbyid(p.proowner) = 'betledger_owner'
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_dist_object AS o WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid
            )
        ORDER BY EXISTS (SELECT FROM projection.registered_sources() AS s WHERE s.definition::regproc = p.oid),
            p.pronamespace = 'public'::regnamespace, p.oid
    LOOP
        PERFORM pg_catalog.create_distributed_function(v_function);
    END LOOP;

    FOR v_function IN
        SELECT p.oid FROM pg_proc AS p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proargnames[1] = 'p_tenant_id'
            AND pg_get_userbyid(p.proowner) = 'betledger_owner'
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_dist_object AS o
                WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid AND o.distribution_argument_index IS NOT NULL
            )
        ORDER BY p.proname
    LOOP
        PERFORM pg_catalog.create_distributed_function(v_function, 'p_tenant_id', colocate_with => v_first);
        RETURN NEXT format('%s runs on the node of its tenant', v_function);
    END LOOP;

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
