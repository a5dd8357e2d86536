SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.distribute_table(p_table regclass, p_beside text, p_with_rows boolean)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_before text;
    v_after text;
    v_has_rows boolean;
BEGIN
    -- No event may slip in between the copy and the switch; readers go on.
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', p_table);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', p_table) INTO v_has_rows;
    IF v_has_rows AND NOT p_with_rows THEN
        RAISE EXCEPTION '% has rows and is not distributed', p_table
            USING ERRCODE = 'BL030', HINT = 'Run betledger distribute.';
    END IF;
    -- Rows that are copied have been projected, and have their place in the feed: until all is in place, the triggers
    -- of the shards do nothing.
    IF EXISTS (SELECT FROM projection.ledger_tables() AS t WHERE t.name = p_table::text AND t.holds_events) THEN
        EXECUTE format(
            'CREATE OR REPLACE FUNCTION projection.%I() RETURNS trigger LANGUAGE plpgsql'
            || ' AS ''BEGIN RETURN NEW; END''', split_part(p_table::text, '.', 2) || '_received'
        );
        EXECUTE format(
            'CREATE OR REPLACE FUNCTION projection.%I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER'
            || ' SET search_path = pg_catalog, pg_temp SET row_security = on AS ''BEGIN RETURN NULL; END''',
            split_part(p_table::text, '.', 2) || '_inserted'
        );
    END IF;
    EXECUTE format('SELECT projection.fingerprint(%L)', p_table) INTO v_before;
    IF NOT v_has_rows THEN
        -- As ops.distribute() does in the end. Where this node holds shards, Citus would not once it has read them.
        EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', p_table);
    END IF;
    PERFORM pg_catalog.create_distributed_table(p_table, 'tenant_id', colocate_with => p_beside);
    EXECUTE format('SELECT projection.fingerprint(%L)', p_table) INTO v_after;
    IF v_before <> v_after THEN
        RAISE EXCEPTION '% would not be the same after distribution: % before, % after', p_table, v_before, v_after
            USING ERRCODE = 'BL031',
            HINT = 'Nothing was changed. Report this with the versions of PostgreSQL and Citus.';
    END IF;
    RETURN format('%s is distributed by tenant_id (%s)', p_table, v_after);
END
$$;

COMMENT ON FUNCTION projection.distribute_table(regclass, text, boolean) IS
'Distributes a table of the ledger by tenant_id, co-located with another (p_beside: its name, or none), with its rows, '
'and compares them before and after. The triggers of an event table do nothing until it is compiled anew. Gives what '
'was done, for ops.distribute(). Errors: BL030 it has rows and p_with_rows is false; BL031 rows differ.';

REVOKE ALL ON FUNCTION projection.distribute_table(regclass, text, boolean) FROM public;
