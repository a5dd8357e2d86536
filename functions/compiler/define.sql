SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.define(
    p_read_table text, p_definitions text[], p_position integer, p_latest jsonb DEFAULT '[]',
    p_lowest text[] DEFAULT '{}', p_highest text[] DEFAULT '{}', p_slots integer DEFAULT 1
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_keys text[];
    v_definition text;
    v_source regclass;
BEGIN
    SELECT array_agg(a.attname::text ORDER BY k.n) INTO v_keys
    FROM pg_index AS i
    CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = to_regclass(p_read_table) AND i.indisprimary;
    IF v_keys IS NULL OR v_keys[1] <> 'tenant_id' OR cardinality(v_keys) <> 2 THEN
        PERFORM projection.refuse_definition(
            p_read_table, 'has no primary key of tenant_id and one more column',
            'Create the table first, with such a key.'
        );
    END IF;
    DELETE FROM projection.sources AS s WHERE s.read_table = p_read_table AND s.definition <> ALL (p_definitions);
    INSERT INTO projection.projections AS p
        (read_table, kind, key_columns, position, latest, lowest_columns, highest_columns, slots)
    VALUES (
        p_read_table,
        CASE WHEN p_slots > 1 THEN 'slots' WHEN p_latest <> '[]' THEN 'state' ELSE 'sum' END,
        v_keys, p_position, p_latest, p_lowest, p_highest, p_slots
    )
    ON CONFLICT (read_table) DO UPDATE SET
        kind = excluded.kind, key_columns = excluded.key_columns, position = excluded.position,
        latest = excluded.latest, lowest_columns = excluded.lowest_columns,
        highest_columns = excluded.highest_columns, slots = excluded.slots;
    FOREACH v_definition IN ARRAY p_definitions LOOP
        SELECT t.typrelid INTO v_source
        FROM pg_proc AS f JOIN pg_type AS t ON t.oid = f.proargtypes[0] AND t.typrelid <> 0
        WHERE f.oid = to_regproc(v_definition) AND f.pronargs = 1 AND f.proretset;
        IF v_source IS NULL THEN
            PERFORM projection.refuse_definition(
                v_definition, 'is not a function of one row of its source that RETURNS TABLE', 'Create it first.'
            );
        END IF;
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM public', to_regproc(v_definition)::oid::regprocedure);
        -- Whoever reads a fold, or a row as of a moment, runs it.
        EXECUTE format(
            'GRANT EXECUTE ON FUNCTION %s TO betledger_app, betledger_tenant, betledger_reader, betledger_operator',
            to_regproc(v_definition)::oid::regprocedure
        );
        INSERT INTO projection.sources (definition, source_table, read_table)
        SELECT v_definition, format('%I.%I', n.nspname, c.relname), p_read_table
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = v_source
        ON CONFLICT (definition) DO UPDATE SET source_table = excluded.source_table, read_table = excluded.read_table;
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.define(text, text[], integer, jsonb, text[], text[], integer) IS
'Defines a read table, or defines it anew: the functions that say what one row of a source says of it, and how its '
'columns gather that. Columns that are named nowhere add up. See projection.projections for the arguments; '
'`betledger migrate` compiles, `betledger rebuild` fills. Migrations may rely on it. Error: BL020 what cannot be '
'compiled. Example: SELECT projection.define(''public.fixtures_view'', ''{projection.fixture_of_bet}'', p_position '
'=> 35).';

REVOKE ALL ON FUNCTION projection.define(text, text[], integer, jsonb, text[], text[], integer) FROM public;
