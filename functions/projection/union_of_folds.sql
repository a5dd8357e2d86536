SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.union_of_folds(p_read_table text, p_sources jsonb)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_projection projection.projections%ROWTYPE;
    v_fold record;
    v_sign text;
    v_source text;
    v_parts text[] := '{}';
    v_keys text[];
    v_sums text[];
BEGIN
    SELECT p.* INTO STRICT v_projection FROM projection.projections AS p WHERE p.read_table = p_read_table;
    v_keys := CASE WHEN v_projection.kind = 'slots' THEN v_projection.key_columns[1:1] ELSE v_projection.key_columns END;
    SELECT array_agg(a.attname::text ORDER BY a.attnum) INTO v_sums
    FROM pg_attribute AS a
    WHERE a.attrelid = p_read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attname = ANY (projection.folded_by(p_read_table, ARRAY(SELECT jsonb_object_keys(p_sources))))
        AND a.attname <> ALL (
            v_projection.key_columns || v_projection.lowest_columns || v_projection.highest_columns
        );

    FOR v_fold IN
        SELECT f.fold, f.source_table FROM projection.folds AS f
        WHERE f.read_table = p_read_table AND p_sources ? f.source_table
        ORDER BY f.fold
    LOOP
        FOR v_sign, v_source IN
            SELECT s.key, s.value FROM jsonb_each_text(p_sources -> v_fold.source_table) AS s ORDER BY s.key
        LOOP
            v_parts := v_parts || format(
                'SELECT %s FROM (%s) AS f',
                (SELECT string_agg(
                    CASE
                        WHEN c.name = ANY (v_keys) THEN format('f.%I', c.name)
                        WHEN c.name = ANY (v_projection.lowest_columns || v_projection.highest_columns)
                            THEN CASE v_sign WHEN '+' THEN format('f.%I', c.name) ELSE format('NULL AS %I', c.name) END
                        WHEN NOT EXISTS (
                            SELECT FROM pg_attribute AS a
                            WHERE a.attrelid = v_fold.fold::regclass AND a.attname = c.name
                        ) THEN format('0 AS %I', c.name)
                        ELSE format('%s f.%I AS %I', CASE v_sign WHEN '-' THEN '-' END, c.name, c.name)
                    END, ', ' ORDER BY c.n)
                FROM unnest(v_keys || v_sums || v_projection.lowest_columns || v_projection.highest_columns)
                    WITH ORDINALITY AS c (name, n)),
                projection.fold_text(v_fold.fold, v_source)
            );
        END LOOP;
    END LOOP;

    IF v_projection.kind = 'state' OR array_length(v_parts, 1) = 1 THEN
        RETURN v_parts[1];
    END IF;
    RETURN format(
        'SELECT %s, %s FROM (%s) AS u GROUP BY %s',
        (SELECT string_agg(format('u.%I', k.name), ', ') FROM unnest(v_keys) AS k (name)),
        (SELECT string_agg(
            CASE
                WHEN c.name = ANY (v_projection.lowest_columns) THEN format('min(u.%I) AS %I', c.name, c.name)
                WHEN c.name = ANY (v_projection.highest_columns) THEN format('max(u.%I) AS %I', c.name, c.name)
                ELSE format('sum(u.%I) AS %I', c.name, c.name)
            END, ', ' ORDER BY c.n)
        FROM unnest(v_sums || v_projection.lowest_columns || v_projection.highest_columns)
            WITH ORDINALITY AS c (name, n)),
        array_to_string(v_parts, ' UNION ALL '),
        (SELECT string_agg(format('u.%I', k.name), ', ') FROM unnest(v_keys) AS k (name))
    );
END
$$;

COMMENT ON FUNCTION projection.union_of_folds(text, jsonb) IS
'One query that gives the rows of a read table from all its folds. The second argument maps each source table to what is read in its place, and with which sign: {"public.bets_view": {"+": "after", "-": "before"}}.';

REVOKE ALL ON FUNCTION projection.union_of_folds(text, jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.union_of_folds(text, jsonb) TO betledger_operator;
